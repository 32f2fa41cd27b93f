/**
 * A UDP socket connected to one server, so that the kernel drops what comes from elsewhere and tells of a server that is not there.
 * Its port is the kernel's random choice.
 *
 * A socket for each query costs more than all the rest of it, so in a busy moment queries share one: so many in all, for so long, and
 * only while one waits; with nobody waiting it is closed. What a forger has to guess for one question stays the same, an id of 16 bits
 * and one port out of all (RFC 5452, 9.2); what sharing gives away is time to look for the port, and a second of it is too little.
 * An id is used once on a port, so what comes late belongs to nobody.
 */
import { UdpSocket } from '@shrapnel/core'
import { inBackground, refillBackground } from '@shrapnel/core/parts'
import { type Channel, type DropReason, dropReason, idOf, mayBeReply, type Pending } from './pending.js'
import type { RandomUint16 } from './random.js'
import type { ServerAddress } from './server-address.js'

const SHARED_FOR_MS = 1_000

export class UdpPort implements Channel {
  readonly #socket: UdpSocket
  readonly #onStray: (reason: DropReason) => void
  readonly #closesAt: number
  /** Null: its query is over. */
  readonly #queries = new Map<number, Pending | null>()
  #waiting = 0

  /** Throws what the system says: `ENETUNREACH`, `EMFILE`, …. */
  constructor({ address, port }: ServerAddress, now: number, onStray: (reason: DropReason) => void) {
    const socket = new UdpSocket({ host: address.includes(':') ? '::' : '0.0.0.0' })
    try {
      socket.connect(address, port)
    } catch (error) {
      socket.close()
      throw error
    }
    this.#socket = socket
    this.#onStray = onStray
    this.#closesAt = now + SHARED_FOR_MS
    refillBackground()
    inBackground(
      () => this.#receive(),
      () => {},
      () => {},
    )
  }

  get isClosed(): boolean {
    return this.#socket.isClosed
  }

  hasRoom(now: number, maxQueries: number): boolean {
    return !this.#socket.isClosed && this.#queries.size < maxQueries && now < this.#closesAt
  }

  send(pending: Pending, randomUint16: RandomUint16): void {
    let id = randomUint16()
    while (this.#queries.has(id)) id = randomUint16()
    const query = pending.begin(this, id)
    this.#queries.set(id, pending)
    this.#waiting++
    this.#transmit(pending, query.bytes)
  }

  /** The same bytes again. */
  sendAgain(pending: Pending): void {
    if (pending.query !== null && !this.#socket.isClosed) this.#transmit(pending, pending.query.bytes)
  }

  /** Nobody waits for the kernel to have room: what it does not take at once counts as lost on the way. */
  #transmit(pending: Pending, bytes: Buffer): void {
    try {
      this.#socket.trySend(bytes)
    } catch (error) {
      pending.onFailure(error, false)
    }
  }

  leave({ query }: Pending): void {
    if (query === null || !this.#queries.get(query.id)) return
    this.#queries.set(query.id, null)
    if (--this.#waiting === 0) this.#socket.close()
  }

  close(): void {
    this.#socket.close()
    this.#fail(undefined)
  }

  #fail(error: unknown): void {
    for (const pending of [...this.#queries.values()]) pending?.onFailure(error, false)
  }

  async #receive(): Promise<void> {
    while (!this.#socket.isClosed) {
      try {
        const datagram = this.#socket.recvFrom()
        this.#take((datagram instanceof Promise ? await datagram : datagram).data)
      } catch (error) {
        if (this.#socket.isClosed) return
        this.#fail(error)
      }
    }
  }

  #take(bytes: Buffer): void {
    const pending = bytes.length < 2 ? undefined : this.#queries.get(idOf(bytes))
    const verdict = pending?.query?.compare(bytes)
    if (pending && verdict !== undefined && mayBeReply(verdict)) pending.onReply(bytes, verdict)
    else this.#onStray(dropReason(bytes, pending, verdict))
  }
}
