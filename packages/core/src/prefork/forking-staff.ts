/** `child-per-connection`: the supervisor accepts, and starts a process for each connection. */
import type { SocketAddress } from '../net/address.js'
import type { Listener } from '../net/listener.js'
import type { Socket } from '../net/socket.js'
import { inParallel } from '../scope/in-parallel.js'
import { sleep } from '../scope/sleep.js'
import { spawn } from '../spawn.js'
import { Semaphore } from '../sync/semaphore.js'
import { openListener, takeQueued } from './listening.js'
import type { Settings } from './options.js'
import type { Staff } from './staff.js'
import { WorkerProcess } from './worker-process.js'

export class ForkingStaff implements Staff {
  readonly workers = new Set<WorkerProcess>()
  readonly restarts = 0
  acceptedBefore = 0
  readonly #settings: Settings
  readonly #listener: Listener
  readonly #places: Semaphore
  /** Numbers that no living child has, the lowest last. */
  readonly #numbers: number[]

  constructor(settings: Settings) {
    const { workers, listen } = settings
    this.#settings = settings
    this.#listener = openListener(listen)
    this.#places = new Semaphore(workers)
    this.#numbers = Array.from({ length: workers }, (_, i) => workers - 1 - i)
  }

  get address(): SocketAddress | undefined {
    return this.#listener.address
  }

  async run(): Promise<void> {
    for (;;) {
      // A place first: whoever finds none waits in the kernel's queue.
      await this.#places.acquire()
      let connection: Socket
      try {
        connection = await this.#listener.accept()
      } catch (error) {
        this.#places.release()
        throw error
      }
      if (!this.#fork(connection)) await sleep(this.#settings.firstPauseMs)
    }
  }

  /** False: there can be no process for it now, and it was closed. */
  #fork(connection: Socket): boolean {
    using closing = connection
    const index = this.#numbers.pop() as number
    const { strategy, onEvent } = this.#settings
    let worker: WorkerProcess
    try {
      worker = new WorkerProcess({ supervisorPid: process.pid, index, strategy }, closing.fd, true)
    } catch (error) {
      this.#free(index)
      const message = `no process can be started for a connection: ${(error as Error).message}`
      onEvent({ type: 'accept-failed', message, isProblem: true })
      return false
    }
    // It has that before it can say so.
    worker.accepted = worker.open = 1
    this.workers.add(worker)
    spawn({ name: `child ${index} start` }, () => this.#seeUp(worker))
    spawn({ name: `child ${index} end` }, async () => {
      await worker.ends()
      this.workers.delete(worker)
      this.acceptedBefore += 1
      this.#free(index)
      const how = worker.describeEnd()
      if (worker.status?.code !== 0) {
        const message = `child ${index} (pid ${worker.pid}) ended ${how}`
        onEvent({ type: 'ended', message, isProblem: true, worker: index, pid: worker.pid })
      }
    })
    return true
  }

  /** One that does not come up must not have its place for ever. */
  async #seeUp(worker: WorkerProcess): Promise<void> {
    const { readyTimeoutMs, onEvent } = this.#settings
    if ((await worker.becomesReady(readyTimeoutMs)) || worker.state === 'ended') return
    const { index, pid } = worker
    const message = `child ${index} (pid ${pid}) does not come up within ${readyTimeoutMs} ms and is ended`
    onEvent({ type: 'ended', message, isProblem: true, worker: index, pid })
    await worker.stop()
  }

  #free(index: number): void {
    this.#numbers.push(index)
    this.#places.release()
  }

  async ready(): Promise<void> {}

  /** The next child runs the program as it is then; those of now end with their connections. */
  async reload(): Promise<void> {
    const { drainMs } = this.#settings
    const old = [...this.workers]
    await inParallel(old.map((worker) => () => worker.retire(drainMs, false)))
    for (const worker of old)
      spawn({ name: `child ${worker.index} drains` }, () => worker.drain(drainMs, false))
  }

  async close(): Promise<void> {
    const queued = takeQueued(this.#listener)
    this.#listener.close()
    let hasRoom = true
    for (const connection of queued) {
      hasRoom = hasRoom && this.#places.tryAcquire() !== undefined && this.#fork(connection)
      if (!hasRoom) connection.reset()
    }
  }
}
