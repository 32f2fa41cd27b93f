/**
 * The worker's side of `prefork`: takes connections from where its strategy has them, serves each in a coroutine, and ends when the
 * supervisor says so, or has died. It never returns: what the program has behind `prefork` is the supervisor's.
 */
import { Shutdown, TimeoutError } from '../errors.js'
import { type ExitOptions, setExit } from '../exit.js'
import { fromDescriptor } from '../net/pair.js'
import { Socket } from '../net/socket.js'
import { reportFailure } from '../runtime/notifier.js'
import { shield, withTimeout } from '../scope/with-timeout.js'
import { signals } from '../signals/signals.js'
import { current, spawn } from '../spawn.js'
import { Event } from '../sync/event.js'
import { ControlChannel, type FromSupervisor, type FromWorker, type Milliseconds } from './control-channel.js'
import type { Settings } from './options.js'
import { CONTROL_FD, type Role } from './role.js'
import { type Source, sourceFor } from './sources.js'

/** What `serve` and `prepare` are told of the worker they run in. */
export interface Worker {
  /** 0 to `workers` - 1; a worker that replaces another has its number. */
  readonly index: number
  readonly pid: number
  /** Set when no more connections come: close what is idle, and answer what is under way. */
  readonly draining: Event<void>
  /** Connections that are open here. */
  readonly open: number
  /** Connections that came here so far. */
  readonly accepted: number
}

const EXIT: ExitOptions = { graceMs: 1000 }

export class RunningWorker implements Worker {
  readonly index: number
  readonly pid = process.pid
  readonly draining = new Event<void>()
  open = 0
  accepted = 0
  readonly #settings: Settings
  readonly #control: ControlChannel<FromSupervisor, FromWorker>
  readonly #source: Source
  /** The supervisor keeps each connection until it hears that we have it, and chooses by what is open. */
  readonly #confirms: boolean
  /** Set when no connection is open, and none will come. */
  readonly #finished = new Event()
  #isSourceDry = false
  #isPrepared = false
  /** It has its connection from the start. */
  readonly #isForOne: boolean
  /** Connections that are ours and that the supervisor does not know of yet: not to be served before. */
  #unconfirmed: Socket[] = []
  #isTelling = false

  constructor(role: Role, settings: Settings) {
    const control = fromDescriptor(CONTROL_FD)
    if (!(control instanceof Socket))
      throw new Error(`descriptor ${CONTROL_FD}, inherited from the supervisor, is no socket`)
    this.index = role.index
    this.#settings = settings
    this.#control = new ControlChannel(control)
    this.#source = sourceFor(role, settings.listen)
    this.#isForOne = role.strategy === 'child-per-connection'
    this.#confirms = role.strategy === 'pass-descriptor'
  }

  /** In a coroutine of its own: what cancels the caller, such as a limit for the time to start, is meant for the supervisor. */
  async run(): Promise<never> {
    const working = spawn({ name: 'prefork worker' }, () => this.#work())
    await shield(Number.POSITIVE_INFINITY, async () => {
      await Promise.allSettled([working.join()])
    })
    // The exit ends this wait, and with it whoever waits for us.
    return new Event<never>().wait()
  }

  async #work(): Promise<void> {
    try {
      await this.#takeAll()
    } catch (error) {
      if (error instanceof Shutdown) return
      // Whatever the program would do about it: a worker that does not work is none.
      reportFailure(error, current())
      setExit(1, EXIT)
    }
  }

  async #takeAll(): Promise<void> {
    // The supervisor decides; a signal that reached every process of this program must not end us before it.
    signals.handle('SIGINT', () => {})
    signals.handle('SIGHUP', () => {})
    signals.handle('SIGTERM', () => this.#drain(this.#settings.drainMs, false))
    spawn({ name: 'prefork control' }, () => this.#obey())
    await this.#settings.prepare?.(this)
    this.#isPrepared = true
    if (!this.draining.isSet) await this.#control.send({ type: 'ready' })
    for (;;) {
      const connection = await this.#source.next()
      if (connection === undefined) break
      this.#take(connection)
    }
    this.#isSourceDry = true
    this.#checkFinished()
    await this.#finished.wait()
    return this.#leave()
  }

  #take(connection: Socket): void {
    this.accepted += 1
    this.open += 1
    if (this.#confirms) {
      this.#unconfirmed.push(connection)
      this.#tellSoon()
    } else {
      this.#begin(connection)
    }
  }

  #begin(connection: Socket): void {
    spawn({ name: this.#settings.serve.name || 'serve' }, (open: Socket) => this.#serve(open), connection)
  }

  async #serve(connection: Socket): Promise<void> {
    try {
      using open = connection
      await this.#settings.serve(open, this)
    } finally {
      this.open -= 1
      this.#checkFinished()
      if (this.#confirms) this.#tellSoon()
    }
  }

  #checkFinished(): void {
    if (this.#isSourceDry && this.open === 0) this.#finished.set()
  }

  async #obey(): Promise<void> {
    for await (const order of this.#control.messages()) {
      if (order.type === 'report') await this.#tell()
      else if (order.type === 'drain') {
        spawn({ name: 'prefork drain' }, () => this.#drain(order.drainMs, order.takeQueued))
      }
    }
    // The supervisor is gone, and whoever starts another one knows nothing of us, nor of what is in the queue.
    await this.#drain(this.#settings.drainMs, true)
  }

  async #drain(drainMs: Milliseconds, takeQueued: boolean): Promise<void> {
    if (this.draining.isSet) return
    this.draining.set()
    for (const connection of this.#source.end(takeQueued)) this.#take(connection)
    // Whatever `prepare` waits for: there is nobody to serve.
    if (!this.#isPrepared && !this.#isForOne && this.open === 0) return this.#leave()
    await this.#control.send({ type: 'draining' })
    try {
      await withTimeout(drainMs ?? Number.POSITIVE_INFINITY, () => this.#finished.wait())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
    await this.#leave()
  }

  async #leave(): Promise<void> {
    await this.#tell()
    setExit(0, EXIT)
  }

  async #tell(): Promise<void> {
    await this.#control.send({ type: 'count', accepted: this.accepted, open: this.open })
  }

  /** One message for all that happens in a turn; then what it confirms is served. */
  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    spawn({ name: 'prefork count' }, async () => {
      this.#isTelling = false
      const confirmed = this.#unconfirmed
      this.#unconfirmed = []
      await this.#tell()
      for (const connection of confirmed) this.#begin(connection)
    })
  }
}
