/**
 * A UDP socket connected to one server, so that the kernel drops what comes from elsewhere and tells of a server that is not there.
 * Its port is the kernel's random choice.
 *
 * A socket for each query costs more than all the rest of it, so in a busy moment queries share one: so many in all, for so long, and
 * only while one waits; with nobody waiting it is closed. What a forger has to guess for one question stays the same, an id of 16 bits
 * and one port out of all (RFC 5452, 9.2); what sharing gives away is time to look for the port, and a second of it is too little.
 * An id is used once on a port, so what comes late belongs to nobody.
 *
 * The queries of one turn go out together at its end. That saves calls, and more: a server that sleeps between two datagrams is
 * woken for each of them, which costs whoever sends it more than the sending.
 */
import { DatagramBatch, UdpSocket } from '@shrapnel/core'
import { atTurnEnd, inBackground, refillBackground, systemError, type TurnEndJob } from '@shrapnel/core/parts'
import { type Channel, type DropReason, dropReason, idOf, mayBeReply, type Pending } from './pending.js'
import type { RandomUint16 } from './random.js'
import type { ServerAddress } from './server-address.js'

const SHARED_FOR_MS = 1_000

const BATCH_DATAGRAMS = 32
/** One for all ports: what is in it is dealt with before anything else runs. */
let batch: DatagramBatch | null = null

export class UdpPort implements Channel, TurnEndJob {
  readonly #socket: UdpSocket
  readonly #onStray: (reason: DropReason) => void
  readonly #closesAt: number
  /** Null: its query is over. */
  readonly #queries = new Map<number, Pending | null>()
  #waiting = 0
  /** To be sent at the end of this turn. */
  #outgoing: Pending[] = []

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
    pending.begin(this, id)
    this.#queries.set(id, pending)
    this.#waiting++
    this.#transmit(pending)
  }

  /** The same bytes again. */
  sendAgain(pending: Pending): void {
    if (pending.query !== null && !this.#socket.isClosed) this.#transmit(pending)
  }

  #transmit(pending: Pending): void {
    if (this.#outgoing.push(pending) === 1) atTurnEnd(this)
  }

  /** Nobody waits for the kernel to have room: what it does not take at once counts as lost on the way. */
  onTurnEnd(): void {
    const outgoing = this.#outgoing
    this.#outgoing = []
    if (this.#socket.isClosed) return
    const datagrams: Uint8Array[] = []
    for (const { query } of outgoing)
      if (query !== null && this.#queries.get(query.id)) datagrams.push(query.bytes)
    try {
      this.#socket.trySendMany(datagrams)
    } catch (error) {
      this.#fail(error)
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
    batch ??= new DatagramBatch(BATCH_DATAGRAMS, 65_535)
    while (!this.#socket.isClosed) {
      const count = this.#socket.tryRecvMany(batch)
      for (let index = 0; index < count; index++) this.#take(batch, index)
      if (this.#socket.isClosed) return
      await this.#socket.readable()
    }
  }

  #take(received: DatagramBatch, index: number): void {
    const length = received.lengthOf(index)
    if (length < 0) {
      this.#fail(systemError('recv', length))
      return
    }
    const start = received.startOf(index)
    const bytes = received.bytes.subarray(start, start + length)
    const pending = length < 2 ? undefined : this.#queries.get(idOf(bytes))
    const verdict = pending?.query?.compare(bytes)
    if (pending && verdict !== undefined && mayBeReply(verdict)) pending.onReply(bytes, verdict)
    else this.#onStray(dropReason(bytes, pending, verdict))
  }
}
