/**
 * Cuts what arrives into messages, without copying and without an object for each: after `next` the fields `type`, `bytes`, `from`
 * and `to` say where one is. It knows the lengths, and which types there are; what is in a message is read by others.
 *
 * Who owns the bytes: a message is in the chunk that was pushed, or, if it came in several, in a block of the cutter. Either way it is
 * valid until the following `next` or `push`. When `next` has said false, the chunk is the caller's again.
 */
import { asBuffer } from './body-reader.js'
import { fail, failLimit, PostgresWireError } from './errors.js'
import { MAX_MESSAGE_BYTES } from './limits.js'
import { Backend, Frontend, StartupCode } from './message-types.js'

const HEADER_BYTES = 5
const LENGTH_BYTES = 4
/** What a message that came in several chunks is put together in: grows with what has arrived, not with what is promised. */
const FIRST_JOINT_BYTES = 8 * 1024
const KEPT_JOINT_BYTES = 256 * 1024
const STARTUP = 0
const EMPTY = Buffer.alloc(0)
const BACKEND_TYPES = typeTable(Backend)
const FRONTEND_TYPES = typeTable(Frontend)

export interface MessageCutterOptions {
  /** Whose messages these are. A client reads `backend`, the default. */
  readonly side?: 'backend' | 'frontend' | undefined
  /** In bytes, with the length and without the type. May be changed at any time. 64 MiB by default. */
  readonly maxMessageBytes?: number | undefined
}

export class MessageCutter {
  /** The byte that says what the message is; 0 for one of the start-up. */
  type = 0
  bytes: Buffer = EMPTY
  /** The body, after the length. */
  from = 0
  to = 0
  maxMessageBytes: number
  /** The bytes of all messages so far, for an error that says where. */
  #consumed = 0
  #chunk: Buffer = EMPTY
  #at = 0
  /** The beginning of a message whose end is in a later chunk. */
  #joint: Buffer = EMPTY
  #joined = 0
  #untyped: boolean
  #failure: PostgresWireError | undefined
  readonly #known: Uint8Array

  constructor(options: MessageCutterOptions = {}) {
    const { side = 'backend', maxMessageBytes = MAX_MESSAGE_BYTES } = options
    this.maxMessageBytes = maxMessageBytes
    this.#known = side === 'backend' ? BACKEND_TYPES : FRONTEND_TYPES
    this.#untyped = side === 'frontend'
  }

  /** Whether a message has begun and not ended: the peer may not close now. */
  get isInside(): boolean {
    return this.#joined > 0 || this.#at < this.#chunk.length
  }

  /** Of bytes that no message has taken: after a negotiation in one byte there must be none before its answer. */
  get unread(): number {
    return this.#joined + this.#chunk.length - this.#at
  }

  /** A client's next message has no type: it will say again which protocol it speaks, after a refused SSLRequest for one. */
  expectStartup(): void {
    this.#untyped = true
  }

  /** Gives it more bytes. Those of the last chunk must have been taken: `next` has said false. */
  push(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) this.#keepRest()
    this.#chunk = asBuffer(chunk)
    this.#at = 0
  }

  /** Moves on to the next message. False if none is whole yet. Throws PG_LENGTH, PG_LIMIT or PG_MESSAGE_TYPE, and then always. */
  next(): boolean {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#joined > 0 || this.#untyped) return this.#nextSlowly()
    const chunk = this.#chunk
    const at = this.#at
    if (at + HEADER_BYTES > chunk.length) return this.#keepRest()
    const type = chunk[at] as number
    const length =
      ((chunk[at + 1] as number) << 24) |
      ((chunk[at + 2] as number) << 16) |
      ((chunk[at + 3] as number) << 8) |
      (chunk[at + 4] as number)
    const end = at + 1 + length
    if (length < LENGTH_BYTES || length > this.maxMessageBytes || this.#known[type] !== 1)
      this.#refuse(type, length)
    if (end > chunk.length) return this.#keepRest()
    this.type = type
    this.bytes = chunk
    this.from = at + HEADER_BYTES
    this.to = end
    this.#at = end
    this.#consumed += length + 1
    return true
  }

  /** The message is in several chunks, or has no type. */
  #nextSlowly(): boolean {
    const typeBytes = this.#untyped ? 0 : 1
    const headerBytes = typeBytes + LENGTH_BYTES
    if (this.#joined > 0 && this.#joined < headerBytes) this.#take(headerBytes)
    const isJoined = this.#joined > 0
    const source = isJoined ? this.#joint : this.#chunk
    const at = isJoined ? 0 : this.#at
    const there = isJoined ? this.#joined : this.#chunk.length - at
    if (there < headerBytes) return this.#keepRest()
    const type = typeBytes === 1 ? (source[at] as number) : STARTUP
    const length = source.readInt32BE(at + typeBytes)
    if (length < LENGTH_BYTES || length > this.maxMessageBytes) this.#refuse(type, length)
    if (typeBytes === 1 && this.#known[type] !== 1) this.#refuse(type, length)
    const size = typeBytes + length
    if (isJoined) this.#take(size)
    if ((isJoined ? this.#joined : there) < size) return this.#keepRest()
    this.type = type
    this.bytes = isJoined ? this.#joint : this.#chunk
    this.from = at + headerBytes
    this.to = at + size
    if (isJoined) {
      // The block is given away with the message; the next one that comes in pieces begins anew in it, or in another if this grew.
      this.#joined = 0
      if (this.#joint.length > KEPT_JOINT_BYTES) this.#joint = EMPTY
    } else this.#at += size
    this.#consumed += size
    if (typeBytes === 0) this.#afterStartup()
    return true
  }

  /** An answer comes to a request for encryption, and then another message without a type; after a start-up all have one. */
  #afterStartup(): void {
    if (this.to - this.from < LENGTH_BYTES) fail('PG_SHORT', 'a start-up message without its code', 0)
    const code = this.bytes.readInt32BE(this.from)
    this.#untyped = code === StartupCode.sslRequest || code === StartupCode.gssEncRequest
  }

  /** Moves bytes of the chunk to the block until that has `size`, or the chunk is empty. */
  #take(size: number): void {
    const count = Math.min(size - this.#joined, this.#chunk.length - this.#at)
    if (count <= 0) return
    this.#roomFor(this.#joined + count)
    this.#chunk.copy(this.#joint, this.#joined, this.#at, this.#at + count)
    this.#joined += count
    this.#at += count
  }

  #keepRest(): false {
    this.#take(this.#joined + this.#chunk.length - this.#at)
    this.#chunk = EMPTY
    this.#at = 0
    return false
  }

  #roomFor(size: number): void {
    if (size <= this.#joint.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(size, FIRST_JOINT_BYTES, this.#joint.length * 2))
    this.#joint.copy(grown, 0, 0, this.#joined)
    this.#joint = grown
  }

  #refuse(type: number, length: number): never {
    try {
      if (this.#known[type] !== 1 && type !== STARTUP)
        fail('PG_MESSAGE_TYPE', `a message of the unknown type ${type}`, this.#consumed)
      if (length < LENGTH_BYTES)
        fail('PG_LENGTH', `a message says that it is ${length} bytes long`, this.#consumed)
      failLimit('maxMessageBytes', this.maxMessageBytes, `a message of ${length} bytes`, this.#consumed)
    } catch (error) {
      this.#chunk = EMPTY
      this.#joint = EMPTY
      this.#at = 0
      this.#joined = 0
      if (error instanceof PostgresWireError) this.#failure = error
      throw error
    }
  }

  /** The peer closed. Throws PG_SHORT if that was inside of a message. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.isInside) fail('PG_SHORT', 'the connection ended inside of a message', this.#consumed)
  }
}

function typeTable(types: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256)
  for (const type of Object.values(types)) table[type] = 1
  return table
}
