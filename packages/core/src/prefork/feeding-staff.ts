/** `pass-descriptor`: the supervisor accepts, and passes each connection to the worker that has the fewest. */

import { isDisconnect } from '../is-disconnect.js'
import type { SocketAddress } from '../net/address.js'
import type { Listener } from '../net/listener.js'
import type { Socket } from '../net/socket.js'
import { group } from '../scope/group.js'
import { spawn } from '../spawn.js'
import { ConditionVariable } from '../sync/condition-variable.js'
import { FedWorker } from './fed-worker.js'
import { openListener, takeQueued } from './listening.js'
import type { Settings } from './options.js'
import { Pool } from './pool.js'
import type { Staff } from './staff.js'

/** So many may be on the way to one worker: one that is stuck gets no more, and its channel never fills. */
const MOST_UNCONFIRMED = 64

export class FeedingStaff extends Pool<FedWorker> implements Staff {
  readonly #listener: Listener
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
    for await (const connection of this.#listener) await this.#pass(connection)
  }

  async #pass(connection: Socket): Promise<void> {
    for (;;) {
      const worker = this.#idlest()
      if (worker === undefined) {
        await this.#hasRoom.wait()
        continue
      }
      try {
        return await worker.pass(connection)
      } catch (error) {
        // It has gone, and its end is about to be noticed: the next one, then.
        if (!isDisconnect(error)) throw error
        worker.isUnreachable = true
      }
    }
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
    const queued = takeQueued(this.#listener)
    this.#listener.close()
    if (this.serving.length > 0) for (const connection of queued) await this.#pass(connection)
    else for (const connection of queued) connection.reset()
  }
}
