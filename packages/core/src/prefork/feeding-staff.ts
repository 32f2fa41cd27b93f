/** `pass-descriptor`: the supervisor accepts, and passes each connection to the worker that has the fewest. */

import { Interrupted, TimeoutError } from '../errors.js'
import { isDisconnect } from '../is-disconnect.js'
import type { SocketAddress } from '../net/address.js'
import type { Listener } from '../net/listener.js'
import type { Socket } from '../net/socket.js'
import { group } from '../scope/group.js'
import { withTimeout } from '../scope/with-timeout.js'
import { spawn } from '../spawn.js'
import { ConditionVariable } from '../sync/condition-variable.js'
import { FedWorker } from './fed-worker.js'
import { openListener, takeQueued } from './listening.js'
import type { Settings } from './options.js'
import { Pool } from './pool.js'
import type { Staff } from './staff.js'

/** So many may be on the way to one worker: one that is stuck gets no more, and its channel never fills. */
const MOST_UNCONFIRMED = 64
/** At the end: the time for workers to take what is left. */
const LAST_PASS_MS = 1000

export class FeedingStaff extends Pool<FedWorker> implements Staff {
  readonly #settings: Settings
  readonly #listener: Listener
  /** Accepted, and not passed when we were told to end. */
  readonly #leftOver: Socket[] = []
  #isClosed = false
  /** A worker has become ready, or confirmed something. */
  readonly #hasRoom = new ConditionVariable<void>()

  constructor(settings: Settings) {
    super(settings, (index) => {
      const worker = FedWorker.start({ supervisorPid: process.pid, index, strategy: settings.strategy })
      worker.onMessage = () => void this.#hasRoom.wakeAll()
      spawn({ name: `worker ${index} hands back` }, async () => {
        await worker.ends()
        for (const connection of worker.takeUnconfirmed()) {
          spawn({ name: 'pass again' }, (again: Socket) => this.#pass(again), connection)
        }
      })
      return worker
    })
    this.#settings = settings
    this.#listener = openListener(settings.listen)
  }

  get address(): SocketAddress | undefined {
    return this.#listener.address
  }

  override async run(): Promise<void> {
    await group((both) => {
      both.spawn({ name: 'workers' }, () => super.run())
      both.spawn({ name: 'accept' }, () => this.#accept())
    })
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      try {
        await this.#pass(connection)
      } catch (error) {
        if (error instanceof Interrupted) this.#leftOver.push(connection)
        throw error
      }
    }
  }

  /** To whoever will have it, and waits until somebody will. At the end nobody may: it is reset. */
  async #pass(connection: Socket): Promise<void> {
    for (;;) {
      const worker = this.#idlest()
      if (worker === undefined) {
        if (this.#isClosed) return connection.reset()
        await this.#hasRoom.wait()
        continue
      }
      try {
        return await worker.pass(connection)
      } catch (error) {
        if (error instanceof Interrupted) throw error
        // It has gone, and its end is about to be noticed: the next one, then.
        if (isDisconnect(error)) worker.isUnreachable = true
        else return this.#drop(connection, error)
      }
    }
  }

  /** The kernel does not pass it on: too many descriptors are under way (unix(7), ETOOMANYREFS). */
  #drop(connection: Socket, error: unknown): void {
    connection.reset()
    const message = `a connection cannot be passed: ${(error as Error).message}`
    this.#settings.onEvent({ type: 'accept-failed', message, isProblem: true })
  }

  #idlest(): FedWorker | undefined {
    let idlest: FedWorker | undefined
    for (const worker of this.serving) {
      if (worker.isUnreachable || worker.unconfirmed >= MOST_UNCONFIRMED) continue
      if (idlest === undefined || worker.load < idlest.load) idlest = worker
    }
    return idlest
  }

  async close(): Promise<void> {
    const queued = [...this.#leftOver.splice(0), ...takeQueued(this.#listener)]
    this.#listener.close()
    try {
      await withTimeout(LAST_PASS_MS, async () => {
        while (this.serving.length > 0 && queued[0] !== undefined) {
          await this.#pass(queued[0])
          queued.shift()
        }
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
    for (const connection of queued) connection.reset()
    this.#isClosed = true
    this.#hasRoom.wakeAll()
  }
}
