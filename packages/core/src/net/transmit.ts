/**
 * Bytes on their way out: what the kernel did not take goes on at the next event. Cancelling a transmission that has begun
 * breaks the connection, because half a frame cannot be taken back.
 *
 * A peer that reads as fast as we send never makes the kernel say EAGAIN, so what one turn sends is bounded; the rest has its
 * turn behind everybody else's.
 */
import { EAGAIN, native } from '../native.js'
import type { Scope } from '../runtime/scope.js'
import { type Job, nextTurn } from '../runtime/turn.js'
import { BYTES_PER_TURN, type Descriptor, IoWait, PENDING } from './descriptor.js'

/** What is to be sent, and how far it is. */
interface Load {
  readonly hasBegun: boolean
  /** True when all is sent. False when the kernel takes no more now, or, `descriptor.writable` still, when others are due. */
  write(descriptor: Descriptor): boolean
}

/** One block of bytes, `sent` of which are sent already. */
export class Block implements Load {
  readonly #data: Uint8Array
  #sent: number
  constructor(data: Uint8Array, sent: number) {
    this.#data = data
    this.#sent = sent
  }
  get hasBegun(): boolean {
    return this.#sent > 0
  }
  write(descriptor: Descriptor): boolean {
    for (let left = BYTES_PER_TURN; descriptor.writable && this.#sent < this.#data.length && left > 0; ) {
      const count = descriptor.write(this.#data, this.#sent)
      if (count !== EAGAIN) {
        this.#sent += count
        left -= count
      }
      if (!descriptor.writable) break
    }
    return this.#sent === this.#data.length
  }
}

/** The parts of a sendv. */
export class Parts implements Load {
  readonly #parts: readonly Uint8Array[]
  #first = 0
  #offset = 0
  hasBegun = false
  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts
    this.#skip(0)
  }
  get isSent(): boolean {
    return this.#first === this.#parts.length
  }
  write(descriptor: Descriptor): boolean {
    for (let left = BYTES_PER_TURN; !this.isSent && left > 0; ) {
      const count = descriptor.writev(this.#parts, this.#first, this.#offset)
      if (count === EAGAIN) break
      this.hasBegun = true
      this.#skip(count)
      left -= count
    }
    return this.isSent
  }
  /** `count` bytes more are sent; parts that are done, also empty ones, are behind us. */
  #skip(count: number): void {
    this.#offset += count
    for (
      let part = this.#parts[this.#first];
      part !== undefined && this.#offset >= part.length;
      part = this.#parts[this.#first]
    ) {
      this.#offset -= part.length
      this.#first++
    }
  }
}

/**
 * What one turn sends of a file, and one call: as much as nginx's `sendfile_max_chunk`. sendfile(2) moves pages and copies no
 * bytes, so this takes the thread no longer than BYTES_PER_TURN of `send`; and half of it would be two turns for what the
 * kernel takes at a time from a socket that had been full (a third of 4 MB, and what the peer reads meanwhile).
 */
export const FILE_BYTES_PER_TURN = 2 * BYTES_PER_TURN

/**
 * A stretch of a file. With TCP_NODELAY each sendfile(2) would end in a segment that is not full, with all that a segment
 * costs both sides (a fifth of the processor time of a long file); so one that takes several calls is corked until it is sent.
 */
export class FileStretch implements Load {
  readonly #file: number
  readonly #offset: number
  #length: number
  #isCorked = false
  sent = 0
  constructor(file: number, offset: number, length: number) {
    this.#file = file
    this.#offset = offset
    this.#length = length
  }
  get hasBegun(): boolean {
    return this.sent > 0
  }
  get isSent(): boolean {
    return this.sent === this.#length
  }
  write(descriptor: Descriptor): boolean {
    try {
      this.#writeTurn(descriptor)
    } catch (error) {
      // The connection may be well, and the file was not.
      this.#cork(descriptor, false)
      throw error
    }
    // What has not begun may still be cancelled, and then leaves no trace.
    this.#cork(descriptor, this.hasBegun && !this.isSent)
    return this.isSent
  }
  #writeTurn(descriptor: Descriptor): void {
    for (let left = FILE_BYTES_PER_TURN; !this.isSent && left > 0; ) {
      const count = descriptor.wrote(
        native.sendFile(
          descriptor.fd,
          this.#file,
          this.#offset + this.sent,
          Math.min(this.#length - this.sent, FILE_BYTES_PER_TURN),
        ),
        'sendfile',
      )
      if (count === EAGAIN) break
      // The file is shorter than was asked for.
      if (count === 0) this.#length = this.sent
      this.sent += count
      left -= count
    }
  }
  /** A UNIX socket refuses, and so does a connection that is gone: there is nothing to hold back. */
  #cork(descriptor: Descriptor, isOn: boolean): void {
    const { IPPROTO_TCP, TCP_CORK } = native.constants
    if (isOn === this.#isCorked || TCP_CORK === 0) return
    this.#isCorked = native.setOption(descriptor.fd, IPPROTO_TCP, TCP_CORK, Number(isOn)) === 0 && isOn
  }
}

export class TransmitWait extends IoWait<undefined> implements Job {
  protected readonly verb: string
  readonly #load: Load
  #isInTurn = false

  constructor(
    scope: Scope,
    descriptor: Descriptor,
    owner: { describePeer(): string },
    verb: string,
    load: Load,
  ) {
    super(scope, descriptor, owner, 'write')
    this.verb = verb
    this.#load = load
  }

  override begin(): Promise<undefined> {
    const sent = super.begin()
    this.#goOnLater()
    return sent
  }

  protected try(): undefined | typeof PENDING {
    if (this.#load.write(this.descriptor)) return undefined
    this.#goOnLater()
    return PENDING
  }

  /** Where the kernel would take more, no event will say so. */
  #goOnLater(): void {
    if (!this.descriptor.writable || this.#isInTurn) return
    this.#isInTurn = true
    nextTurn(this)
  }

  /** @internal */
  runJob(): void {
    this.#isInTurn = false
    if (this.isPending) this.attempt()
  }

  protected override unlink(): void {
    super.unlink()
    if (this.#load.hasBegun) this.descriptor.break(`a ${this.verb} was cancelled half-way`)
  }
}
