/** A worker's place: keeps a worker in it, after a pause if the last ones lived too short, and replaces it on request. */
import { CoroError, TimeoutError } from '../errors.js'
import { yieldSlice } from '../scope/sleep.js'
import { withTimeout } from '../scope/with-timeout.js'
import { spawn } from '../spawn.js'
import { Event } from '../sync/event.js'
import { Fifo } from '../sync/fifo.js'
import { BackOff } from './back-off.js'
import type { PreforkEvent } from './event.js'
import type { Settings } from './options.js'
import type { WorkerProcess } from './worker-process.js'

/** How a replacement went: null is well. */
type Reply = Event<Error | null>
type Occurrence =
  | { readonly type: 'ended' | 'left'; readonly worker: WorkerProcess }
  | { readonly type: 'replace'; readonly reply: Reply }

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
  readonly #replies = new Set<Reply>()
  /** Of a replacement that was asked for in a pause: the next start answers it. */
  #askedInPause: Reply | null = null
  #isOver = false

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
    try {
      let worker = await this.#launch()
      for (;;) {
        // Cancelled, it ends here whatever came before, and starts nobody.
        await yieldSlice()
        if (worker === null) {
          worker = await this.#restart()
          continue
        }
        const occurrence = await this.#mailbox.pop()
        if (occurrence.type === 'replace') worker = await this.#replace(worker, occurrence.reply)
        else if (occurrence.worker === worker) worker = await this.#lost(worker, occurrence.type)
      }
    } finally {
      this.#isOver = true
      for (const reply of this.#replies) reply.set(stopping())
    }
  }

  /** Puts a new worker in and has the old one drain. Waits until the new one takes connections; fails, and leaves the old one, if it does not. */
  async replace(): Promise<void> {
    if (this.#isOver) throw stopping()
    const reply: Reply = new Event()
    this.#replies.add(reply)
    try {
      this.#mailbox.tryPush({ type: 'replace', reply })
      const error = await reply.wait()
      if (error !== null) throw error
    } finally {
      this.#replies.delete(reply)
    }
  }

  async #restart(): Promise<W | null> {
    const reply = this.#askedInPause
    this.#askedInPause = null
    this.restarts += 1
    const worker = await this.#launch()
    reply?.set(
      worker === null
        ? new CoroError(
            'PREFORK_RELOAD',
            `worker ${this.index} does not come up with the program as it is now`,
          )
        : null,
    )
    return worker
  }

  /** A worker that takes connections; null after a pause, if it ended before it did. */
  async #launch(): Promise<W | null> {
    let worker: W
    try {
      worker = this.#start()
    } catch (error) {
      this.#tell('ended', `worker ${this.index} cannot be started: ${(error as Error).message}`, true)
      await this.#pause(this.#backOff.pauseAfterFailure(), 'cannot be started')
      return null
    }
    this.current = worker
    if (await this.#comesUp(worker)) return worker
    return this.#lost(worker, 'ended')
  }

  #start(): W {
    const worker = this.#makeWorker()
    this.#tell('started', `worker ${this.index} (pid ${worker.pid}) was started`, false, worker)
    spawn({ name: `worker ${this.index} end` }, async () => {
      await worker.ends()
      this.#mailbox.tryPush({ type: 'ended', worker })
    })
    worker.onLeave = () => void this.#mailbox.tryPush({ type: 'left', worker })
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

  /** It has ended, or is about to, and not because we wanted it. */
  async #lost(worker: WorkerProcess, how: 'ended' | 'left'): Promise<null> {
    this.current = null
    const lived = `${(worker.livedMs / 1000).toFixed(1)} s after its start`
    const what =
      how === 'ended'
        ? `ended ${worker.describeEnd()}`
        : 'takes no more connections, though nobody asked it to'
    this.#tell('ended', `worker ${this.index} (pid ${worker.pid}) ${what}, ${lived}`, true, worker)
    if (how === 'left') this.#seeOut(worker)
    const { stableMs } = this.#settings
    const pauseMs = this.#backOff.pauseAfter(worker.livedMs)
    await this.#pause(pauseMs, 'ended too soon', `(it should live ${stableMs} ms)`)
    return null
  }

  #seeOut(worker: WorkerProcess): void {
    spawn({ name: `worker ${this.index} drains` }, async () => {
      await worker.drain(this.#settings.drainMs, false)
      if (worker.status?.code === 0) return
      const message = `worker ${this.index} (pid ${worker.pid}) ended ${worker.describeEnd()} while it drained`
      this.#tell('ended', message, true, worker)
    })
  }

  /** A reload that comes meanwhile ends the pause: the program may have been mended. */
  async #pause(pauseMs: number, ...why: string[]): Promise<void> {
    if (pauseMs === 0) return
    const { failures } = this.#backOff
    if (failures > 1) why.splice(1, 0, `${failures} times in a row`)
    this.#tell('pausing', `worker ${this.index} ${why.join(' ')}: the next start is in ${pauseMs} ms`, true)
    try {
      await withTimeout(pauseMs, async () => {
        for (;;) {
          const occurrence = await this.#mailbox.pop()
          if (occurrence.type !== 'replace') continue
          this.#backOff.reset()
          this.#askedInPause = occurrence.reply
          return
        }
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  async #replace(old: W, reply: Reply): Promise<W | null> {
    let next: W
    try {
      next = this.#start()
    } catch (error) {
      reply.set(error as Error)
      return old
    }
    if (!(await this.#comesUp(next))) {
      reply.set(
        new CoroError(
          'PREFORK_RELOAD',
          `the new worker ${this.index} (pid ${next.pid}) ended ${next.describeEnd()} before it took connections`,
        ),
      )
      return old
    }
    this.current = next
    this.#backOff.reset()
    await old.retire(this.#settings.drainMs, false)
    this.#seeOut(old)
    reply.set(null)
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

function stopping(): CoroError {
  return new CoroError('PREFORK_RELOAD', 'the supervisor stops')
}
