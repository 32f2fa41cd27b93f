/** Receives on a socket. Cancelled, they have taken nothing. */
import type { PENDING, RawOperation } from '@shrapnel/core'
import type { DescriptorPump } from './descriptor-pump.js'
import { DRAINED, HAS_SESSION, hasFlag, native } from './native.js'
import { FEW_BYTES, receive } from './received.js'

const NOTHING: Buffer = Buffer.alloc(0)

export class RecvOperation implements RawOperation<Buffer> {
  readonly verb = 'TLS recv'
  readonly #pump: DescriptorPump
  readonly #max: number

  constructor(pump: DescriptorPump, max: number) {
    this.#pump = pump
    this.#max = max
  }

  try(): Buffer | typeof PENDING {
    const pump = this.#pump
    const { engine, fd, raw } = pump
    const bytes = receive(this.#max, pump.expectsFew, (buffer, offset, length) =>
      native.read(engine, fd, buffer, offset, length, raw.trustsShortReads),
    )
    if (pump.isCrossed) pump.uncross()
    if (hasFlag(HAS_SESSION)) pump.sessions?.arrived()
    if (typeof bytes === 'number') return pump.noBytes(bytes) ?? NOTHING
    pump.expectsFew = bytes.length <= FEW_BYTES
    if (hasFlag(DRAINED)) raw.exhaust('read')
    return bytes
  }
}

export class RecvIntoOperation implements RawOperation<number> {
  readonly verb = 'TLS recv'
  readonly #pump: DescriptorPump
  readonly #target: Uint8Array

  constructor(pump: DescriptorPump, target: Uint8Array) {
    this.#pump = pump
    this.#target = target
  }

  try(): number | typeof PENDING {
    const { engine, fd, raw } = this.#pump
    const target = this.#target
    const count = native.read(engine, fd, target, 0, target.length, raw.trustsShortReads)
    if (this.#pump.isCrossed) this.#pump.uncross()
    if (hasFlag(HAS_SESSION)) this.#pump.sessions?.arrived()
    if (count <= 0) return this.#pump.noBytes(count) ?? 0
    if (hasFlag(DRAINED)) raw.exhaust('read')
    return count
  }
}
