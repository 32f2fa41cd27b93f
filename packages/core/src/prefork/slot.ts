/** A worker's place: keeps a worker in it, after a pause if the last ones lived too short, and replaces it on request. */
import { CoroError, TimeoutError } from '../errors.js'
import { withTimeout } from '../scope/with-timeout.js'
import { spawn } from '../spawn.js'
import { Fifo } from '../sync/fifo.js'
import { BackOff } from './back-off.js'
import type { PreforkEvent } from './event.js'
import type { Settings } from './options.js'
import type { WorkerProcess } from './worker-process.js'

type Occurrence =
  | { readonly type: 'ended'; readonly worker: WorkerProcess }
  | { readonly type: 'replace'; readonly reply: Fifo<Error | null> }

export class Slot<W extends WorkerProcess> {
  readonly index: number
  /** The worker that takes connections, or is about to; null while a pause lasts. */
  current: W | null = null
  restarts = 0
  readonly #settings: Settings
  readonly #makeWorker: () => W
  readonly #onReady: () => void
  readonly #backOff: BackOff
  readonly #mailbox = new Fifo<Occurrence>()

  /** `onReady` is called whenever a worker of this place begins to take connections. */
  constructor(index: number, settings: Settings, makeWorker: () => W, onReady: () => void) {
    this.index = index
    this.#settings = settings
    this.#makeWorker = makeWorker
    this.#onReady = onReady
    this.#backOff = new BackOff(settings)
  }

  /** Never returns; ends by being cancelled, and leaves its worker alone then. */
  async keepServing(): Promise<never> {
    let worker = await this.#launch()
    for (;;) {
      if (worker === null) {
        this.restarts += 1
        worker = await this.#launch()
        continue
      }
      const occurrence = await this.#mailbox.pop()
      if (occurrence.type === 'replace') worker = await this.#replace(worker, occurrence.reply)
      else if (occurrence.worker === worker) worker = await this.#lost(worker)
    }
  }

  /** Puts a new worker in and has the old one drain. Waits until the new one takes connections; fails, and leaves the old one, if it does not. */
  async replace(): Promise<void> {
    const reply = new Fifo<Error | null>()
    await this.#mailbox.push({ type: 'replace', reply })
    const error = await reply.pop()
    if (error !== null) throw error
  }

  /** A worker that takes connections; null after a pause, if it ended before it did. */
  async #launch(): Promise<W | null> {
    let worker: W
    try {
      worker = this.#start()
    } catch (error) {
      this.#tell('ended', `worker ${this.index} cannot be started: ${(error as Error).message}`, true)
      await this.#pause(0)
      return null
    }
    this.current = worker
    if (await this.#comesUp(worker)) return worker
    return this.#lost(worker)
  }

  #start(): W {
    const worker = this.#makeWorker()
    this.#tell('started', `worker ${this.index} (pid ${worker.pid}) was started`, false, worker)
    spawn({ name: `worker ${this.index} end` }, async () => {
      await worker.ends()
      await this.#mailbox.push({ type: 'ended', worker })
    })
    return worker
  }

  async #comesUp(worker: WorkerProcess): Promise<boolean> {
    const { readyTimeoutMs } = this.#settings
    const isReady = await worker.becomesReady(readyTimeoutMs)
    if (isReady) {
      this.#tell('ready', `worker ${this.index} (pid ${worker.pid}) takes connections`, false, worker)
      this.#onReady()
    } else if (worker.state !== 'ended') {
      this.#tell(
        'ended',
        `worker ${this.index} (pid ${worker.pid}) takes no connections after ${readyTimeoutMs} ms and is ended`,
        true,
        worker,
      )
      await worker.stop()
    }
    return isReady
  }

  async #lost(worker: WorkerProcess): Promise<null> {
    this.current = null
    const lived = `${(worker.livedMs / 1000).toFixed(1)} s after its start`
    this.#tell(
      'ended',
      `worker ${this.index} (pid ${worker.pid}) ended ${worker.describeEnd()}, ${lived}`,
      true,
      worker,
    )
    await this.#pause(worker.livedMs)
    return null
  }

  /** A reload that comes meanwhile ends the pause: the program may have been mended. */
  async #pause(livedMs: number): Promise<void> {
    const pauseMs = this.#backOff.pauseAfter(livedMs)
    if (pauseMs === 0) return
    const { failures } = this.#backOff
    const times = failures > 1 ? `for the ${failures}. time in a row ` : ''
    this.#tell(
      'pausing',
      `worker ${this.index} ended too soon ${times}(it should live ${this.#settings.stableMs} ms): the next start is in ${pauseMs} ms`,
      true,
    )
    try {
      await withTimeout(pauseMs, async () => {
        for (;;) {
          const occurrence = await this.#mailbox.pop()
          if (occurrence.type !== 'replace') continue
          this.#backOff.reset()
          await occurrence.reply.push(null)
          return
        }
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  async #replace(old: W, reply: Fifo<Error | null>): Promise<W | null> {
    let next: W
    try {
      next = this.#start()
    } catch (error) {
      await reply.push(error as Error)
      return old
    }
    if (!(await this.#comesUp(next))) {
      await reply.push(
        new CoroError(
          'PREFORK_RELOAD',
          `the new worker ${this.index} (pid ${next.pid}) ended ${next.describeEnd()} before it took connections`,
        ),
      )
      return old
    }
    this.current = next
    this.#backOff.reset()
    const { drainMs } = this.#settings
    await old.retire(drainMs, false)
    spawn({ name: `worker ${this.index} drains` }, () => old.drain(drainMs, false))
    await reply.push(null)
    return next
  }

  #tell(type: PreforkEvent['type'], message: string, isProblem: boolean, worker?: WorkerProcess): void {
    this.#settings.onEvent({
      type,
      message,
      isProblem,
      worker: this.index,
      ...(worker && { pid: worker.pid }),
    })
  }
}
