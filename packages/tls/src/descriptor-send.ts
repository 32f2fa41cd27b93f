/** Sends on a socket, and the last word of a side. In the middle of a message of the peer's they wait until it was received. */
import { CROSSED, LATER, PENDING, type RawOperation } from '@shrapnel/core'
import type { DescriptorPump } from './descriptor-pump.js'
import { hasFlag, native, PENDING_OUTPUT, WANT_READ } from './native.js'

/** A peer that reads as fast as we send never lets the kernel say that it is full: after so much others have their turn. */
const BYTES_PER_TURN = 1024 * 1024

export class SendOperation implements RawOperation<void> {
  readonly verb = 'TLS send'
  readonly #pump: DescriptorPump
  readonly #data: Uint8Array
  #made = 0

  constructor(pump: DescriptorPump, data: Uint8Array) {
    this.#pump = pump
    this.#data = data
  }

  try(): undefined | typeof PENDING | typeof LATER | typeof CROSSED {
    const pump = this.#pump
    const data = this.#data
    const limit = this.#made + BYTES_PER_TURN
    do {
      const count =
        this.#made < data.length
          ? native.write(pump.engine, pump.fd, data, this.#made, data.length - this.#made)
          : native.flush(pump.engine, pump.fd)
      if (count < 0) {
        pump.isSending = false
        if (count !== WANT_READ) throw pump.failure('write', count)
        if (!pump.pull()) return this.#goOn(CROSSED)
        continue
      }
      this.#made += count
      if (hasFlag(PENDING_OUTPUT)) return this.#goOn(PENDING)
      if (this.#made >= limit && this.#made < data.length) return this.#goOn(LATER)
    } while (this.#made < data.length)
    pump.isSending = false
    return undefined
  }

  #goOn<T>(outcome: T): T {
    this.#pump.isSending = this.#made > 0
    return outcome
  }

  cancelled(): void {
    this.#pump.isCrossed = false
    if (this.#made > 0) this.#pump.break('a TLS send was cancelled half-way')
  }
}

export class ShutdownOperation implements RawOperation<void> {
  readonly verb = 'TLS shutdown'
  readonly #pump: DescriptorPump

  constructor(pump: DescriptorPump) {
    this.#pump = pump
  }

  try(): undefined | typeof PENDING | typeof CROSSED {
    const { engine, fd } = this.#pump
    for (;;) {
      const result = native.shutdown(engine, fd)
      if (result === 0) return hasFlag(PENDING_OUTPUT) ? PENDING : undefined
      if (result !== WANT_READ) throw this.#pump.failure('write', result)
      if (!this.#pump.pull()) return CROSSED
    }
  }

  cancelled(): void {
    this.#pump.isCrossed = false
  }
}
