/**
 * What was typed, for the arrow keys: shared by the sessions of a server, each of which begins with what there is then; and
 * kept in a file where one is named, one entry a line as JSON, readable by its owner alone. A file that cannot be read or
 * written is no reason to refuse a prompt: it is reported once and done without.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

/** As many as Node's own prompt keeps. */
export const MAX_HISTORY_ENTRIES = 1000
const OWNER_ONLY = 0o600

export class History {
  readonly #file: string | undefined
  /** Oldest first. */
  readonly #entries: string[] = []
  #failure: unknown

  constructor(file?: string) {
    this.#file = file
    if (file !== undefined) this.#attempt(() => this.#load(file))
  }

  /** Why the file is not used any more. */
  get failure(): unknown {
    return this.#failure
  }

  /** As readline has it: newest first. A copy. */
  newestFirst(): string[] {
    return [...this.#entries].reverse()
  }

  add(entry: string): void {
    if (entry.trim() === '' || entry === this.#entries.at(-1)) return
    this.#entries.push(entry)
    if (this.#entries.length > MAX_HISTORY_ENTRIES) this.#entries.shift()
    const file = this.#file
    if (file === undefined || this.#failure !== undefined) return
    this.#attempt(() => appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: OWNER_ONLY }))
  }

  #load(file: string): void {
    const lines = readLines(file)
    for (const line of lines.slice(-MAX_HISTORY_ENTRIES)) {
      const entry = parse(line)
      if (entry !== undefined) this.#entries.push(entry)
    }
    // It only ever grows otherwise.
    if (lines.length > 2 * MAX_HISTORY_ENTRIES) {
      writeFileSync(file, this.#entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), {
        mode: OWNER_ONLY,
      })
    }
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failure = error
    }
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** undefined: not ours. */
function parse(line: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'string' ? entry : undefined
  } catch {
    return undefined
  }
}
