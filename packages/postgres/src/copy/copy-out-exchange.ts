/**
 * COPY TO STDOUT. The server sends a message for each row, 8 KiB of them at a time; their contents are moved together where they were received, and
 * copied once, into blocks. A block is given away when it is full, or a millisecond after its first bytes came: whoever writes a million rows to a file
 * has 1,500 writes in place of 14,000, which took more time than all the rest. What is not taken is not read any more, until the server's own send waits.
 */
import { now } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'
import { type Exchange, Written } from '../connection/exchange.js'
import { outOfPlace } from '../connection/failures.js'
import { PostgresError } from '../errors.js'
import type { Place } from '../stream/place.js'
import { encodeSync } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { CopyExchange } from './copy-exchange.js'

const NOTHING = Buffer.alloc(0)
/** Of a message: the first one of a block begins behind them. */
const HEADER_BYTES = 5
const BLOCK_BYTES = 64 * 1024
const LONGEST_DELAY_MS = 1

export class CopyOutExchange extends CopyExchange implements Exchange {
  readonly #bufferBytes: number
  #pieces: Buffer[] = []
  #block: Buffer = NOTHING
  #used = 0
  readonly #hurry = new Hurry(() => this.#giveBlock())
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
    this.#used = 0
    this.#block = this.#bytes = NOTHING
    this.#hurry.end()
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
      throw new PostgresError(
        'PG_USAGE',
        'copyTo cannot send the data of COPY: copyFrom does',
        this.errorFacts(),
      )
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
      // It may be in the cutter's own block, which is good for no longer than this call.
      if (from === HEADER_BYTES) this.#keep()
      return
    }
    // What is moved over was read: the header of this message, and what came between.
    bytes.copyWithin(this.#to, from, to)
    this.#to += to - from
  }

  /** Copies what has come out of the bytes that are about to be another's. */
  #keep(): void {
    const bytes = this.#bytes
    const length = this.#to - this.#from
    if (length > 0) {
      if (this.#used + length > this.#block.length) {
        this.#giveBlock()
        // Not out of the pool of small ones, which all of them would hold.
        this.#block = Buffer.allocUnsafeSlow(Math.max(length, BLOCK_BYTES))
      }
      bytes.copy(this.#block, this.#used, this.#from, this.#to)
      this.#used += length
      this.#heldBytes += length
      this.#hurry.begin()
    }
    this.#bytes = NOTHING
    this.#from = this.#to = 0
  }

  /** What is gathered is to be taken. Little of it is not left in a block of much. */
  #giveBlock(): void {
    this.#hurry.end()
    const used = this.#used
    if (used === 0) return
    const isMuch = used > this.#block.length / 2
    this.#pieces.push(isMuch ? this.#block.subarray(0, used) : Buffer.from(this.#block.subarray(0, used)))
    if (isMuch) this.#block = NOTHING
    this.#used = 0
    this.rouse()
  }

  protected override over(): void {
    this.#giveBlock()
    this.#block = NOTHING
    super.over()
  }

  chunkOver(): void {
    this.#keep()
    if (this.#heldBytes < this.#bufferBytes) return
    this.#giveBlock()
    this.#isFull = true
    this.session.pipeline.pause(this)
  }

  override ready(): void {
    this.#keep()
    super.ready()
  }
}

/** A time at which a block is given away, full or not. */
class Hurry implements Timed {
  at = Infinity
  sequence = 0
  place = -1
  /** What comes in the same turn may fill it. */
  readonly yieldsToData = true
  readonly #onTime: () => void

  constructor(onTime: () => void) {
    this.#onTime = onTime
  }

  begin(): void {
    if (this.at !== Infinity) return
    this.at = now() + LONGEST_DELAY_MS
    addTimer(this)
  }

  end(): void {
    if (this.at === Infinity) return
    removeTimer(this)
    this.at = Infinity
  }

  expire(): void {
    // Between its time and this, it may have been set anew.
    this.end()
    this.#onTime()
  }
}
