/**
 * FollowedFile: what a file says now. It is looked at (stat) when it is used, at most once a second, and read again when it is
 * another one. It does not watch: a file that is mounted into a container changes without a word to inotify, a watcher
 * costs a descriptor and one of the user's few inotify instances, and a stat costs a microsecond.
 *
 * What cannot be read, is too long or is no plain file leaves what was read before, and `failure` says why. A file that is not
 * there is an empty one; after one that was not empty that is believed when it is so twice in a row, as an editor
 * may have just emptied the file to write it.
 */
import { readFileSync, type Stats, statSync } from 'node:fs'

export interface FollowedFileOptions<T> {
  readonly path: string
  readonly maxBytes: number
  /** What the file says. Must not fail. */
  readonly parse: (text: string) => T
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly checkIntervalMs?: number
  /** Whether a file that says so is not looked at again. */
  readonly isFinal?: (value: T) => boolean
}

/** How old an answer may be: shorter than anything that one would wait for after editing a file. */
const CHECK_INTERVAL_MS = 1_000
/** A file that was written just before it was read may be written once more in the same tick of the kernel's clock. */
const SETTLED_MS = 2_000

export class FollowedFile<T> {
  readonly path: string
  readonly #options: FollowedFileOptions<T>
  #value: T
  #text = ''
  #isRead = false
  #isEmptied = false
  #checkedAt = -Infinity
  /** What the file looked like when it was read; undefined: it is to be read again. */
  #look: string | undefined
  #failure: unknown
  #version = 0

  constructor(options: FollowedFileOptions<T>) {
    this.path = options.path
    this.#options = options
    this.#value = options.parse('')
  }

  /** Why the last try to read failed, if it did. */
  get failure(): unknown {
    return this.#failure
  }

  /** Rises when `current` gives another value. */
  get version(): number {
    return this.#version
  }

  /** Returns at once and does not fail. The same object as long as the file says the same. */
  get current(): T {
    const { now, checkIntervalMs = CHECK_INTERVAL_MS, isFinal } = this.#options
    if (this.#isRead && isFinal?.(this.#value)) return this.#value
    const time = now()
    if (time - this.#checkedAt >= checkIntervalMs) {
      this.#checkedAt = time
      this.#check()
    }
    return this.#value
  }

  #check(): void {
    try {
      const stats = statSync(this.path, { throwIfNoEntry: false })
      const look = stats === undefined ? 'none' : lookOf(stats)
      if (look === this.#look) return
      if (stats !== undefined) checkKind(stats, this.path, this.#options.maxBytes)
      const isTaken = this.#take(stats === undefined ? '' : readFileSync(this.path, 'utf8'))
      this.#look = isTaken && (stats === undefined || isSettled(stats)) ? look : undefined
      this.#failure = undefined
    } catch (error) {
      this.#look = undefined
      this.#failure = error
    }
  }

  /** False: to be looked at once more. */
  #take(text: string): boolean {
    const isEmptied = text === '' && this.#text !== '' && !this.#isEmptied
    this.#isEmptied = isEmptied
    if (isEmptied) return false
    if (this.#isRead && text === this.#text) return true
    this.#value = this.#options.parse(text)
    this.#text = text
    this.#isRead = true
    this.#version++
    return true
  }
}

function lookOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

function isSettled({ mtimeMs, ctimeMs }: Stats): boolean {
  return Date.now() - Math.max(mtimeMs, ctimeMs) > SETTLED_MS
}

/** Opening a named pipe would wait for ever. */
function checkKind(stats: Stats, path: string, maxBytes: number): void {
  if (!stats.isFile()) throw new Error(`${path} is no plain file`)
  if (stats.size > maxBytes) throw new Error(`${path} has ${stats.size} bytes: more than ${maxBytes}`)
}
