/**
 * COPY TO STDOUT. The server sends a message for each row; their contents are moved together where they were received, and given away once for each
 * read. What is not taken is not read any more, until the server's own send waits.
 */
import { type Exchange, Written } from '../connection/exchange.js'
import { outOfPlace } from '../connection/failures.js'
import { PostgresError } from '../errors.js'
import type { Place } from '../stream/place.js'
import { encodeSync } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { CopyExchange } from './copy-exchange.js'

const NOTHING = Buffer.alloc(0)

export class CopyOutExchange extends CopyExchange implements Exchange {
  readonly #bufferBytes: number
  #pieces: Buffer[] = []
  #heldBytes = 0
  #isFull = false
  #isDone = false
  /** Where the contents of this read are: in `#bytes`, which is the link's or the cutter's. */
  #bytes: Buffer = NOTHING
  #from = 0
  #to = 0

  constructor(place: Place, text: string, timeoutMs: number | undefined, bufferBytes: number) {
    super(place, text, 'copy to', timeoutMs)
    this.#bufferBytes = bufferBytes
  }

  get hasPieces(): boolean {
    return this.#pieces.length > 0
  }

  /** The oldest that has come. */
  take(): Buffer {
    const piece = this.#pieces.shift() ?? NOTHING
    this.#heldBytes -= piece.length
    if (this.#isFull && this.#heldBytes < this.#bufferBytes) {
      this.#isFull = false
      this.session.pipeline.resume(this)
    }
    return piece
  }

  close(): void {
    this.abandon()
  }

  abandon(): void {
    if (this.isOver || this.isAbandoned) return
    const { pipeline } = this.session
    this.isDiscarding = true
    this.#pieces = []
    this.#bytes = NOTHING
    const wasSent = this.isSent
    pipeline.withdraw(this)
    if (!wasSent) this.over()
  }

  write(writer: MessageWriter): Written {
    this.writeStatement(writer)
    encodeSync(writer)
    return Written.all
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    if (type === Backend.copyData) this.#data(bytes, from, to)
    else if (type === Backend.copyOutResponse) this.begin(type, bytes, from, to)
    else if (type === Backend.copyDone) {
      if (this.response === null || this.#isDone) throw outOfPlace('the end of a COPY')
      this.#isDone = true
    } else if (type === Backend.copyInResponse) {
      // It waits for data, and takes what was sent behind it for such: there is no way back.
      throw new PostgresError('PG_USAGE', 'copyTo cannot send the data of COPY: copyFrom does', this.errorFacts())
    } else this.receiveCommon(type, bytes, from, to)
  }

  #data(bytes: Buffer, from: number, to: number): void {
    if (this.response === null || this.#isDone || this.isComplete) throw outOfPlace('data')
    if (this.isDiscarding) return
    if (bytes !== this.#bytes || from < this.#to) {
      this.#keep()
      this.#bytes = bytes
      this.#from = from
      this.#to = to
      return
    }
    // What is moved over was read: the header of this message, and what came between.
    bytes.copyWithin(this.#to, from, to)
    this.#to += to - from
  }

  /** Copies what has come out of the bytes that are about to be another's. */
  #keep(): void {
    const bytes = this.#bytes
    if (this.#to > this.#from) {
      // Buffer.from would take small ones out of a pool that all of them hold.
      const piece = Buffer.allocUnsafeSlow(this.#to - this.#from)
      bytes.copy(piece, 0, this.#from, this.#to)
      this.#pieces.push(piece)
      this.#heldBytes += piece.length
    }
    this.#bytes = NOTHING
    this.#from = this.#to = 0
  }

  chunkOver(): void {
    this.#keep()
    if (this.#pieces.length === 0) return
    this.rouse()
    if (this.#heldBytes < this.#bufferBytes) return
    this.#isFull = true
    this.session.pipeline.pause(this)
  }

  override ready(): void {
    this.#keep()
    super.ready()
  }
}
