/** A small tree of files, random changes of it, and what somebody knows of it who hears of the changes alone. */
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import type { WatchEvent } from '../../src/index.js'
import type { Place } from './sight.js'

export interface Change {
  readonly kind: 'write' | 'append' | 'mkdir' | 'remove' | 'rename'
  readonly name: string
  /** For a rename. */
  readonly to: string
}

const letter = fc.constantFrom('a', 'b', 'c')
const inside = fc.array(letter, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const anyName = fc.oneof(
  { weight: 9, arbitrary: inside },
  { weight: 1, arbitrary: letter.map((name) => `../outside/${name}`) },
)

export const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Change['kind'][]>(
      'write',
      'append',
      'mkdir',
      'mkdir',
      'remove',
      'rename',
      'rename',
      'rename',
    ),
    name: anyName,
    to: anyName,
  }),
  { maxLength: 60 },
)

/** Does it, if it can be done. */
export function apply({ kind, name, to }: Change, place: Place): void {
  try {
    if (kind === 'rename') place.rename(name, to)
    else place[kind](name)
  } catch {
    // Random changes may make no sense.
  }
}

/** Everything below `top`, sorted. */
export function namesIn(top: string): string[] {
  return readdirSync(top, { recursive: true, encoding: 'utf8' }).sort()
}

/** What is known after the events. */
export class Hearsay {
  readonly #top: string
  #names: Set<string>
  overflows = 0

  constructor(top: string) {
    this.#top = top
    this.#names = new Set(namesIn(top))
  }

  get names(): string[] {
    return [...this.#names].sort()
  }

  hear(event: WatchEvent): void {
    const name = relative(this.#top, event.path)
    if (event.type === 'create') {
      this.#names.add(name)
    } else if (event.type === 'delete') {
      this.#take(name)
    } else if (event.type === 'rename') {
      const from = relative(this.#top, event.from)
      const moved = this.#take(from)
      this.#take(name)
      this.#names.add(name)
      for (const each of moved) this.#names.add(join(name, relative(from, each)))
    } else if (event.type === 'overflow') {
      this.#names = new Set(namesIn(this.#top))
      this.overflows++
    }
  }

  /** Takes a name and those below out. */
  #take(name: string): string[] {
    const taken = [...this.#names].filter((each) => each === name || each.startsWith(`${name}/`))
    for (const each of taken) this.#names.delete(each)
    return taken
  }
}
