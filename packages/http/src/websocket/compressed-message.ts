/** A message that came compressed, and what becomes of it. A receive that is cancelled in the middle of the work leaves it to the next. */
import { isUtf8 } from 'node:buffer'
import { interruptible } from '@shrapnel/core'
import { badText } from '../wire/websocket-frame.js'
import { startInflate } from './zlib-work.js'

export class CompressedMessage {
  readonly #isText: boolean
  readonly #bytes: Buffer
  readonly #length: number
  #work: Promise<Buffer> | null = null

  /** Behind `length` bytes there is room for the trailer. */
  constructor(isText: boolean, bytes: Buffer, length: number) {
    this.#isText = isText
    this.#bytes = bytes
    this.#length = length
  }

  /** The memory it takes. */
  get length(): number {
    return this.#bytes.length
  }

  /** Decompresses it. Throws `WS_LIMIT`, `WS_PROTOCOL`, `WS_TEXT`. */
  async read(windowBits: number, maxMessageBytes: number): Promise<string | Buffer> {
    if (this.#work === null) {
      const { work } = await startInflate(this.#bytes, this.#length, windowBits, maxMessageBytes)
      this.#work = work
    }
    const bytes = await interruptible(this.#work)
    if (!this.#isText) return bytes
    if (!isUtf8(bytes)) throw badText('a text message')
    return bytes.toString()
  }
}
