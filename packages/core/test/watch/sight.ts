/** What a watcher tells, as short texts, and a folder for it to look at. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type WatchEvent, type Watcher, withTimeout } from '../../src/index.js'

const PATIENCE_MS = 5000

/** A temporary folder with `top`, which is watched, and `outside`, which is not. Names are relative to `top`. */
export class Place {
  readonly root: string
  readonly top: string
  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'shrapnel-'))
    this.top = join(this.root, 'top')
    mkdirSync(this.top)
    mkdirSync(join(this.root, 'outside'))
  }
  at(name: string): string {
    return join(this.top, name)
  }
  write(name: string, text = ''): void {
    writeFileSync(this.at(name), text)
  }
  append(name: string): void {
    appendFileSync(this.at(name), 'more')
  }
  mkdir(name: string): void {
    mkdirSync(this.at(name), { recursive: true })
  }
  remove(name: string): void {
    rmSync(this.at(name), { recursive: true })
  }
  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to))
  }
  chmod(name: string, mode: number): void {
    chmodSync(this.at(name), mode)
  }
  symlink(target: string, name: string): void {
    symlinkSync(target, this.at(name))
  }
  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** `create a/b`, `rename a > b`; `.` is what is watched itself. */
export function textOf(event: WatchEvent, top: string): string {
  const name = (path: string) => relative(top, path) || '.'
  return event.type === 'rename'
    ? `rename ${name(event.from)} > ${name(event.path)}`
    : `${event.type} ${name(event.path)}`
}

export function nextOf(watcher: Watcher): Promise<WatchEvent> {
  return withTimeout(PATIENCE_MS, () => watcher.next())
}

/** A kernel may tell of a write where another sees the new file alone: these are passed over unless they are waited for. */
const IS_INCIDENTAL = /^(?:modify|attrib) /

/** Follows a watcher and notes what nobody expected. */
export class Sight {
  readonly strays: string[] = []
  readonly #watcher: Watcher
  readonly #top: string
  #fences = 0

  constructor(watcher: Watcher, top: string) {
    this.#watcher = watcher
    this.#top = top
  }

  async next(): Promise<string> {
    return textOf(await nextOf(this.#watcher), this.#top)
  }

  /** Waits until these have been told, in this order. One that begins with `?` may be left out. */
  async expect(texts: readonly string[]): Promise<void> {
    const left = [...texts]
    while (left.some((text) => !text.startsWith('?'))) {
      let text: string
      try {
        text = await this.next()
      } catch (error) {
        throw new Error(`${left.join(', ')} was not told; strays: ${this.strays.join(', ')}`, {
          cause: error,
        })
      }
      const at = left.findIndex((each) => each === text || each === `?${text}`)
      if (at >= 0 && left.slice(0, at).every((each) => each.startsWith('?'))) left.splice(0, at + 1)
      else if (!IS_INCIDENTAL.test(text)) this.strays.push(text)
    }
  }

  /**
   * Everything that was told before a file that is made now, at the top. The file is then written as well: what is in a new
   * folder may be told after a later change elsewhere, but not after a change that was made when that one had been told.
   */
  async everything(place: Place): Promise<string[]> {
    const fence = `fence-${++this.#fences}`
    const texts: string[] = []
    place.write(fence)
    let text = await this.next()
    for (; text !== `create ${fence}`; text = await this.next()) texts.push(text)
    place.append(fence)
    for (; text !== `modify ${fence}`; text = await this.next()) texts.push(text)
    return texts.filter((each) => !each.endsWith(` ${fence}`))
  }

  /** As `everything`, for when nothing more is to be told: what was is a stray. */
  async nothing(place: Place): Promise<void> {
    for (const text of await this.everything(place)) if (!IS_INCIDENTAL.test(text)) this.strays.push(text)
  }
}
