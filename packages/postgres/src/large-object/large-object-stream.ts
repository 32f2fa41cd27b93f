/** A large object as a Stream of core's: for whatever reads from one or writes to one. Closing it closes the object, in the background of the transaction. */
import { ClosedError, type Stream } from '@shrapnel/core'
import { checkInteger, inBackground, refillBackground } from '@shrapnel/core/parts'
import { bytesOf, type LargeObject, PIECE_BYTES } from './large-object.js'

const RECV_BYTES = 65_536

export class LargeObjectStream implements Stream {
  readonly #object: LargeObject
  #isClosed = false
  #isShut = false

  constructor(object: LargeObject) {
    this.#object = object
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#object.isClosed
  }

  async recv(max: number = RECV_BYTES): Promise<Buffer> {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    this.#check()
    return await this.#object.read(Math.min(max, PIECE_BYTES))
  }

  async recvInto(target: Uint8Array): Promise<number> {
    const piece = await this.recv(target.length)
    target.set(piece)
    return piece.length
  }

  async send(data: Uint8Array | string): Promise<void> {
    this.#check()
    if (this.#isShut) throw new ClosedError('the stream was shut down')
    await this.#object.write(data)
  }

  async sendv(parts: readonly (Uint8Array | string)[]): Promise<void> {
    await this.send(Buffer.concat(parts.map(bytesOf)))
  }

  /** Sends no more. What was sent is in the object already. */
  shutdown(): void {
    this.#isShut = true
  }

  close(): void {
    if (this.isClosed) return
    this.#isClosed = true
    refillBackground()
    inBackground(
      () => this.#object.close(),
      () => {},
      // The transaction knows, and fails; or it is over, which closes the object as well.
      () => {},
    )
  }

  #check(): void {
    if (this.isClosed) throw new ClosedError(`the stream of large object ${this.#object.oid} was closed`)
  }
}
