/**
 * The names of one message by where they begin, for the pointers to them. A sparse set: `forget` costs nothing, whatever was known.
 */
import { MAX_POINTER_TARGET } from './limits.js'

/** More than honest messages have; a name that does not fit is read again. */
const MAX_KNOWN = 256

export class KnownNames {
  /** Which entry an offset may have; true only if that entry says so too. */
  readonly #entryOf = new Uint8Array(MAX_POINTER_TARGET + 1)
  readonly #offsets = new Uint16Array(MAX_KNOWN)
  readonly #names: string[] = Array.from({ length: MAX_KNOWN }, () => '')
  #count = 0

  find(offset: number): string | undefined {
    const entry = this.#entryOf[offset] as number
    return entry < this.#count && this.#offsets[entry] === offset ? this.#names[entry] : undefined
  }

  add(offset: number, name: string): void {
    const entry = this.#count
    if (offset > MAX_POINTER_TARGET || entry >= MAX_KNOWN) return
    this.#entryOf[offset] = entry
    this.#offsets[entry] = offset
    this.#names[entry] = name
    this.#count = entry + 1
  }

  forget(): void {
    this.#count = 0
  }
}
