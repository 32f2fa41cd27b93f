/** A Writable that hands text on at once, for a Console. */
import { Writable } from 'node:stream'

export class TextSink extends Writable {
  readonly #give: (text: string) => void

  constructor(give: (text: string) => void) {
    super({ decodeStrings: false })
    this.#give = give
  }

  override _write(text: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#give(text.toString())
    done()
  }
}
