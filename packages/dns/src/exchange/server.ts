/** One server: where it is, how well it answers, what it is known to do, and the port and the connections that are open to it. */
import { ClosedError } from '@shrapnel/core'
import { Abilities } from './abilities.js'
import { Health } from './health.js'
import type { Settings } from './options.js'
import { type Dropped, type DropReason, noneDropped, type Pending } from './pending.js'
import type { ServerAddress } from './server-address.js'
import { StreamPool } from './stream-pool.js'
import { UdpPort } from './udp-port.js'

export interface ServerFacts {
  /** `192.0.2.53:53`, `tls://192.0.2.53:853`. */
  readonly server: string
  /** Of its answers, in milliseconds; undefined where none was measured lately. */
  readonly smoothedMs: number | undefined
  readonly failuresInRow: number
  /** For so many milliseconds more, others are asked first; 0: it is well. */
  readonly restsForMs: number
  /** Questions that it was asked, replies that were taken from it, and times that it was waited for in vain. */
  readonly asked: number
  readonly answered: number
  readonly timedOut: number
  /** What came and was not taken, by reason. */
  readonly dropped: Readonly<Dropped>
  readonly keepsCase: boolean
  readonly speaksEdns: boolean
  readonly hasCookie: boolean
  /** UDP ports and connections that are open now, and queries that wait for room on a connection. */
  readonly openPorts: number
  readonly openConnections: number
  readonly queued: number
}

export class Server {
  readonly address: ServerAddress
  readonly settings: Settings
  readonly health = new Health()
  readonly abilities: Abilities
  readonly streams: StreamPool
  readonly #dropped = noneDropped()
  #port: UdpPort | null = null
  readonly #ports = new Set<UdpPort>()
  #isClosed = false
  asked = 0
  answered = 0
  timedOut = 0

  constructor(address: ServerAddress, settings: Settings) {
    this.address = address
    this.settings = settings
    this.abilities = new Abilities(settings.randomUint16)
    this.streams = new StreamPool(address, settings, this.drop)
  }

  readonly drop = (reason: DropReason): void => {
    this.#dropped[reason]++
  }

  /** Throws what the system says where there is no port to be had. */
  sendDatagram(pending: Pending, now: number): void {
    if (this.#isClosed) throw new ClosedError('the servers were closed')
    const { maxQueriesPerPort, randomUint16 } = this.settings
    let port = this.#port
    if (port === null || !port.hasRoom(now, maxQueriesPerPort)) {
      port = new UdpPort(this.address, now, this.drop)
      for (const each of this.#ports) if (each.isClosed) this.#ports.delete(each)
      this.#port = port
      this.#ports.add(port)
    }
    port.send(pending, randomUint16)
  }

  facts(now: number): ServerFacts {
    for (const each of this.#ports) if (each.isClosed) this.#ports.delete(each)
    return {
      server: this.address.name,
      smoothedMs: this.health.smoothedMs(now),
      failuresInRow: this.health.failuresInRow,
      restsForMs: this.health.restsForMs(now),
      asked: this.asked,
      answered: this.answered,
      timedOut: this.timedOut,
      dropped: { ...this.#dropped },
      keepsCase: this.abilities.keepsCase(now),
      speaksEdns: this.abilities.speaksEdns,
      hasCookie: this.abilities.hasServerCookie,
      openPorts: this.#ports.size,
      openConnections: this.streams.connections,
      queued: this.streams.queued,
    }
  }

  /** Whether a port or a connection is open to it. */
  get isInUse(): boolean {
    return this.streams.connections > 0 || [...this.#ports].some((port) => !port.isClosed)
  }

  /** It is none of the servers any more: queries under way go on. */
  retire(): void {
    this.streams.retire()
  }

  close(): void {
    this.#isClosed = true
    for (const port of this.#ports) port.close()
    this.streams.close()
  }
}
