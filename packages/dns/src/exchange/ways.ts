/** The ways by which one question is under way to one server: at most one datagram and at most one place on a connection. */
import type { Attempt } from './attempt.js'
import type { Channel } from './pending.js'
import { Sent } from './sent.js'
import { StreamConnection } from './stream-connection.js'
import { UdpPort } from './udp-port.js'

/** Until it has a place. */
const NOWHERE: Channel = { leave() {} }

export class Ways {
  readonly #attempt: Attempt
  #datagram: Sent | null = null
  #stream: Sent | null = null

  constructor(attempt: Attempt) {
    this.#attempt = attempt
  }

  isDatagram(sent: Sent): boolean {
    return sent === this.#datagram
  }

  isStream(sent: Sent): boolean {
    return sent === this.#stream
  }

  get hasDatagram(): boolean {
    return this.#datagram !== null
  }

  get hasStream(): boolean {
    return this.#stream !== null
  }

  /** In place of the one before. Throws what the system says where there is no port to be had. */
  sendDatagram(now: number): void {
    const sent = new Sent(this.#attempt, 'udp', NOWHERE, now)
    this.leaveDatagram()
    this.#datagram = sent
    this.#attempt.server.sendDatagram(sent, now)
  }

  /** In place of the one before. */
  sendOnStream(now: number): void {
    const { address, streams } = this.#attempt.server
    this.leaveStream()
    this.#stream = new Sent(this.#attempt, address.transport === 'tls' ? 'tls' : 'tcp', streams, now)
    streams.send(this.#stream)
  }

  /** The same datagram; on another connection, if nothing comes on this one any more. */
  repeat(now: number): void {
    const datagram = this.#datagram
    if (datagram?.channel instanceof UdpPort) datagram.channel.sendAgain(datagram)
    const stream = this.#stream
    if (stream?.channel instanceof StreamConnection && stream.channel.isStalled(stream.sentAt, now)) {
      stream.channel.retire()
      this.sendOnStream(now)
    }
  }

  leaveDatagram(): void {
    const sent = this.#datagram
    this.#datagram = null
    sent?.channel.leave(sent)
  }

  leaveStream(): void {
    const sent = this.#stream
    this.#stream = null
    sent?.channel.leave(sent)
  }

  leaveAll(): void {
    this.leaveDatagram()
    this.leaveStream()
  }
}
