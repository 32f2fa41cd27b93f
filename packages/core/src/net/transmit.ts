/**
 * Bytes on their way out: a write that the kernel took in part goes on at the next event. Cancelling one that has begun
 * breaks the connection, because half a frame cannot be taken back.
 */
import { EAGAIN, native } from '../native.js'
import type { Scope } from '../runtime/scope.js'
import { type Descriptor, IoWait } from './descriptor.js'

interface Owner {
  describePeer(): string
}

abstract class Transmission extends IoWait<true> {
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner) {
    super(scope, descriptor, owner, 'write')
  }
  protected abstract readonly hasBegun: boolean
  protected override unlink(): void {
    super.unlink()
    if (this.hasBegun) this.descriptor.break(`a ${this.verb} was cancelled half-way`)
  }
}

export class SendWait extends Transmission {
  protected readonly verb = 'send'
  readonly #data: Uint8Array
  #sent: number
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner, data: Uint8Array, sent: number) {
    super(scope, descriptor, owner)
    this.#data = data
    this.#sent = sent
  }
  protected get hasBegun(): boolean {
    return this.#sent > 0
  }
  protected try(): true | undefined {
    while (this.#sent < this.#data.length) {
      const count = this.descriptor.write(this.#data, this.#sent)
      if (count === EAGAIN) return undefined
      this.#sent += count
    }
    return true
  }
}

/** The parts of a sendv, and how far they are sent. */
export class Parts {
  readonly #parts: readonly Uint8Array[]
  #first = 0
  #offset = 0
  hasBegun = false
  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts
  }
  /** True when all are sent, false when the kernel takes no more now. */
  write(descriptor: Descriptor): boolean {
    for (this.#skip(0); this.#first < this.#parts.length; ) {
      const count = descriptor.writev(this.#parts, this.#first, this.#offset)
      if (count === EAGAIN) return false
      this.hasBegun = true
      this.#skip(count)
    }
    return true
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

export class SendvWait extends Transmission {
  protected readonly verb = 'sendv'
  readonly #parts: Parts
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner, parts: Parts) {
    super(scope, descriptor, owner)
    this.#parts = parts
  }
  protected get hasBegun(): boolean {
    return this.#parts.hasBegun
  }
  protected try(): true | undefined {
    return this.#parts.write(this.descriptor) || undefined
  }
}

/** A stretch of a file, and how far it is sent. */
export class FileStretch {
  readonly #file: number
  readonly #offset: number
  readonly #length: number
  sent = 0
  constructor(file: number, offset: number, length: number) {
    this.#file = file
    this.#offset = offset
    this.#length = length
  }
  /** True when the stretch is sent or the file ended, false when the kernel takes no more now. */
  write(descriptor: Descriptor): boolean {
    while (this.sent < this.#length) {
      const count = descriptor.wrote(
        native.sendFile(descriptor.fd, this.#file, this.#offset + this.sent, this.#length - this.sent),
      )
      if (count === EAGAIN) return false
      if (count === 0) break
      this.sent += count
    }
    return true
  }
}

export class SendFileWait extends Transmission {
  protected readonly verb = 'sendFile'
  readonly #stretch: FileStretch
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner, stretch: FileStretch) {
    super(scope, descriptor, owner)
    this.#stretch = stretch
  }
  protected get hasBegun(): boolean {
    return this.#stretch.sent > 0
  }
  protected try(): true | undefined {
    return this.#stretch.write(this.descriptor) || undefined
  }
}
