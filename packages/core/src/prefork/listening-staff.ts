/**
 * `shared-accept` and `reuse-port`: workers that accept for themselves, on sockets the supervisor opened and keeps. It keeps them so
 * that no queue of the kernel is lost when a worker is replaced or dies: closing the last descriptor of a listening socket resets
 * every connection that waits in it.
 */
import type { SocketAddress } from '../net/address.js'
import type { Listener } from '../net/listener.js'
import { openForWorkers, openReusePort } from './listening.js'
import type { Settings } from './options.js'
import { Pool } from './pool.js'
import type { Staff } from './staff.js'
import { WorkerProcess } from './worker-process.js'

export class ListeningStaff extends Pool<WorkerProcess> implements Staff {
  readonly #listeners: readonly Listener[]

  constructor(settings: Settings) {
    const { strategy, listen, workers } = settings
    const listeners = strategy === 'reuse-port' ? openReusePort(listen, workers) : [openForWorkers(listen)]
    super(settings, (index) => {
      const listener = listeners[index % listeners.length] as Listener
      return new WorkerProcess({ supervisorPid: process.pid, index, strategy }, listener.fd)
    })
    this.#listeners = listeners
  }

  get address(): SocketAddress | undefined {
    return this.#listeners[0]?.address
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close()
  }
}
