/**
 * Where answers are put together: one buffer for all connections of a thread, emptied before anybody else's turn. It grows for a
 * long answer and shrinks again. Text is checked on its way in, byte by byte: nothing that ends a line gets on one.
 */
import { CLASS, IS_TOKEN, IS_VALUE, SPACE, TAB } from '../wire/characters.js'

/** Room for some hundred small answers. */
const USUAL_BYTES = 65_536
/** From here on one call into the system's encoder costs less than a look at each character. */
const LONG_TEXT = 96

export class OutputBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(USUAL_BYTES)
  /** How much is in it. */
  at = 0

  /** Makes sure that `more` bytes fit. */
  reserve(more: number): void {
    if (this.at + more > this.bytes.length) this.#grow(this.at + more)
  }

  #grow(least: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.bytes.length))
    this.bytes.copy(bytes, 0, 0, this.at)
    this.bytes = bytes
  }

  /** What is in it, as a copy, and empties it. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at))
    this.clear()
    return taken
  }

  clear(): void {
    this.at = 0
    if (this.bytes.length > USUAL_BYTES) this.bytes = Buffer.allocUnsafeSlow(USUAL_BYTES)
  }

  add(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** ASCII that needs no checking. */
  addAscii(text: string): void {
    this.reserve(text.length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.at = at
  }

  /** As a name of a field. False: it is none, and something of it was written. */
  addToken(text: string): boolean {
    this.reserve(text.length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 255 || ((CLASS[code] as number) & IS_TOKEN) === 0) return false
      bytes[at++] = code
    }
    this.at = at
    return text.length > 0
  }

  /** As a field's value. False: it is none, and something of it was written. */
  addValue(text: string): boolean {
    this.reserve(text.length)
    const { bytes } = this
    const from = this.at
    let at = from
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 255 || ((CLASS[code] as number) & IS_VALUE) === 0) return false
      if (at > from || (code !== SPACE && code !== TAB)) bytes[at++] = code
    }
    while (at > from && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at--
    this.at = at
    return true
  }

  addNumber(value: number): void {
    if (value >= 1e6) {
      this.addAscii(String(value))
      return
    }
    this.reserve(6)
    let digits = 1
    for (let limit = 10; value >= limit; limit *= 10) digits++
    let rest = value
    for (let at = this.at + digits; at > this.at; ) {
      const next = Math.trunc(rest / 10)
      this.bytes[--at] = 48 + rest - 10 * next
      rest = next
    }
    this.at += digits
  }

  /** `text`, whose length in UTF-8 is `length`. */
  addText(text: string, length: number): void {
    if (length === text.length && length < LONG_TEXT) {
      this.addAscii(text)
      return
    }
    this.reserve(length)
    // As long in UTF-8 as it is in characters: it is ASCII, which need not be encoded.
    const encoding = length === text.length ? 'latin1' : 'utf8'
    this.at += this.bytes.write(text, this.at, length, encoding)
  }
}

/** How many bytes `text` is in UTF-8. */
export function textLength(text: string): number {
  const { length } = text
  if (length >= LONG_TEXT) return Buffer.byteLength(text)
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text)
  return length
}
