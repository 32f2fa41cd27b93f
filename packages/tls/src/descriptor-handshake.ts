/** The handshake on a socket, one direction at a time: each attempt goes as far as it can without waiting for the other. */
import { PENDING, type RawOperation } from '@shrapnel/core'
import type { DescriptorPump } from './descriptor-pump.js'
import { TlsError } from './errors.js'
import {
  DRAINED,
  ENDED,
  HAS_KEY_LOG,
  hasFlag,
  native,
  WANT_CONTEXT,
  WANT_READ,
  WANT_WRITE,
} from './native.js'

/** What the handshake does next. */
export type Step = 'read' | 'write' | 'choose' | 'done'

export class HandshakeOperation implements RawOperation<Step> {
  readonly verb = 'TLS handshake'
  readonly #pump: DescriptorPump
  readonly #direction: 'read' | 'write'

  constructor(pump: DescriptorPump, direction: 'read' | 'write') {
    this.#pump = pump
    this.#direction = direction
  }

  try(): Step | typeof PENDING {
    const { engine, fd, raw } = this.#pump
    const isReading = this.#direction === 'read'
    const result = native.handshake(engine, fd, isReading, raw.trustsShortReads)
    if (hasFlag(HAS_KEY_LOG)) this.#pump.keyLog?.(native.engineTakeKeyLog(engine))
    if (result === 0) {
      if (hasFlag(DRAINED)) raw.exhaust('read')
      return 'done'
    }
    if (result === WANT_CONTEXT) return 'choose'
    if (result === WANT_WRITE) return isReading ? 'write' : PENDING
    if (result === WANT_READ) return isReading ? PENDING : 'read'
    if (result === ENDED)
      throw new TlsError('TLS_HANDSHAKE_CUT', 'the peer closed the connection during the TLS handshake')
    throw this.#pump.failure(this.#direction, result)
  }
}
