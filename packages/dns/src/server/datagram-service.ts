/** Serves queries by UDP. */
import { isDisconnect, Mutex, type SocketAddress, type UdpSocket } from '@shrapnel/core'
import { Brood } from './brood.js'
import type { QueryDesk } from './query-desk.js'

export class DatagramService {
  readonly #socket: UdpSocket
  readonly #desk: QueryDesk
  readonly #brood = new Brood('DNS query by UDP')
  readonly #sending = new Mutex()

  constructor(socket: UdpSocket, desk: QueryDesk) {
    this.#socket = socket
    this.#desk = desk
  }

  /** Until the socket is closed. */
  async serve(): Promise<void> {
    try {
      for await (const { data, from } of this.#socket)
        await this.#desk.begin(data, { transport: 'udp', from }, this.#brood, (response) =>
          this.#send(response, from),
        )
    } finally {
      this.close()
    }
  }

  /** An answer that cannot be sent is lost, as datagrams may be: the client asks again. */
  async #send(response: Buffer, to: SocketAddress): Promise<void> {
    using _ = await this.#sending.lock()
    try {
      await this.#socket.sendTo(response, to.address, to.port)
    } catch (error) {
      if (!isDisconnect(error) && !isUndeliverable(error)) throw error
    }
  }

  close(): void {
    this.#socket.close()
    this.#brood.shutdown('the DNS server was closed')
  }
}

/** A firewall's refusal, a forged address that nobody may send to, a network that takes no such size. */
const UNDELIVERABLE = new Set([
  'EPERM',
  'EACCES',
  'EINVAL',
  'EMSGSIZE',
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'ENOBUFS',
  'ERR_OUT_OF_RANGE',
])

function isUndeliverable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNDELIVERABLE.has(String(error.code))
}
