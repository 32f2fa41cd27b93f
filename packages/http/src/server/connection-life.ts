/**
 * The life of a connection, whatever is said on it: it is served in its coroutine until its link has ended, gives the stream away if that
 * was asked for, and closes it. No async function: a suspended one is as large as all the rest of an idle connection.
 */
import { type Awaitable, now } from '@shrapnel/core'
import { type Coroutine, currentScope } from '@shrapnel/core/parts'
import type { Input } from '../connection/input.js'
import { Pause } from '../connection/pause.js'
import { isThenable } from '../connection/stream-end.js'
import type { HttpRequest, UpgradeServer } from '../message.js'
import { finish, type Unfinished, type Upgrade } from './connection-end.js'
import { ConnectionOutput } from './connection-output.js'
import { reportError } from './handler-failure.js'

export abstract class ConnectionLife extends ConnectionOutput implements Unfinished, UpgradeServer {
  abstract readonly coroutine: Coroutine
  abstract readonly input: Input
  abstract readonly isAnswering: boolean
  upgrade: Upgrade | null = null
  /** Who has the stream wants to know when the server stops. */
  #tellOfStop: (() => void) | null = null
  #pause: Pause | null = null

  /** No further request is to be served. */
  protected abstract readonly isStopping: boolean
  /** It is over, and its stream about to be closed. */
  protected abstract gone(): void

  /** Serves requests until the connection ends, and closes it. Cancelling cancels the handler that waits. */
  run(): Awaitable<void> {
    this.deadline.set(now() + this.settings.headTimeoutMs)
    let running: Promise<void> | undefined
    try {
      running = this.link.run()
    } catch (error) {
      this.lose(error)
    }
    if (running === undefined) return this.#finish()
    return running.then(
      () => this.#finish(),
      (error) => {
        this.lose(error)
        return this.#finish()
      },
    )
  }

  #finish(): Awaitable<void> {
    let rest: Awaitable<void>
    try {
      rest = finish(this)
    } catch (error) {
      this.#end()
      throw error
    }
    if (!isThenable(rest)) return this.#end()
    return rest.then(
      () => this.#end(),
      (error) => {
        this.#end()
        throw error
      },
    )
  }

  #end(): void {
    this.isLost = true
    this.gone()
    this.deadline.end()
    this.stream.close()
  }

  untilWoken(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#pause = new Pause(scope, 'the handler has ended')
    return this.#pause.suspend()
  }

  protected wake(): void {
    this.#pause?.wake()
    this.#pause = null
  }

  onStop(tell: () => void): void {
    this.#tellOfStop = tell
    if (this.isStopping) this.tellStop()
  }

  protected tellStop(): void {
    const tell = this.#tellOfStop
    this.#tellOfStop = null
    tell?.()
  }

  /** Tells of an error that the client must not see. */
  report(error: unknown, asked: HttpRequest | string): void {
    reportError(error, asked, this.coroutine, this.settings)
  }
}
