/**
 * All listeners of a pool, on one connection. One coroutine opens it, tells the server what to listen to, asks for a sign of life when it has
 * heard nothing for a while, and begins again when the connection is lost, for as long as somebody listens.
 */
import {
  type Coroutine,
  Event,
  Interrupted,
  now,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import type { Notification } from '../connection/session-hub.js'
import { PostgresError } from '../errors.js'
import { BackOff } from '../pool/back-off.js'
import type { OpenConnection, PoolConnection } from '../pool/pool-connection.js'
import { Channels } from './channels.js'
import { checkChannels, checkListenOptions, type ListenOptions } from './listen-options.js'
import { Listener } from './listener.js'

/** How long the connection is kept when nobody listens. */
const LINGER_MS = 10_000

export class ListenHub {
  readonly #open: OpenConnection
  readonly #keepAliveMs: number
  readonly #channels = new Channels()
  readonly #changed = new Event()
  readonly #backOff = new BackOff()
  #coroutine: Coroutine<void> | null = null
  /** Of `now()`, and as a date: when the server was last heard. */
  #heardAt = 0
  #heardOn = new Date(0)

  constructor(open: OpenConnection, keepAliveMs: number) {
    this.#open = open
    this.#keepAliveMs = keepAliveMs
  }

  listen(channels: string | readonly string[], options: ListenOptions = {}): Listener {
    const listener = new Listener(checkChannels(channels), checkListenOptions(options), (left) => {
      this.#channels.remove(left)
      this.#changed.set()
    })
    this.#channels.add(listener)
    this.#changed.set()
    this.#coroutine ??= spawn({ name: 'postgres listener', daemon: true }, () => this.#run())
    return listener
  }

  /** Ends all listeners. */
  close(): void {
    for (const listener of [...this.#channels.listeners]) listener.close()
    this.#coroutine?.shutdown('the pool is closed')
  }

  async #run(): Promise<void> {
    try {
      while (this.#channels.listeners.size > 0) {
        try {
          await this.#connected()
        } catch (error) {
          if (error instanceof Interrupted) throw error
          this.#lost(asLoss(error))
          await sleep(this.#backOff.failed())
        }
      }
    } finally {
      this.#coroutine = null
    }
  }

  /** One connection, until it is lost or nobody needs it. */
  async #connected(): Promise<void> {
    const connection = await this.#open()
    try {
      connection.onNotification((notification) => this.#told(notification))
      connection.onClose(() => this.#changed.set())
      this.#heard()
      await this.#serve(connection)
    } finally {
      connection.close()
    }
  }

  async #serve(connection: PoolConnection): Promise<void> {
    const channels = this.#channels
    channels.forget()
    for (;;) {
      this.#changed.reset()
      if (!connection.isOpen) throw connection.lossReason
      const change = channels.change()
      if (change !== undefined) {
        await this.#ask(connection, change.script)
        channels.changed(change)
        this.#backOff.succeeded()
      }
      channels.tellListening()
      const isNeeded = channels.listeners.size > 0
      const silenceMs = now() - this.#heardAt
      const isChanged = await this.#change(isNeeded ? Math.max(0, this.#keepAliveMs - silenceMs) : LINGER_MS)
      if (isChanged) continue
      if (!isNeeded) return
      // A notification may have come meanwhile.
      if (now() - this.#heardAt >= this.#keepAliveMs) await this.#ask(connection, '')
    }
  }

  /** A server that gives no answer in this time is taken for dead. */
  async #ask(connection: PoolConnection, script: string): Promise<void> {
    try {
      await withTimeout(this.#keepAliveMs, () => connection.script(script))
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      const text = `${connection.target} gave no answer within ${this.#keepAliveMs} ms`
      throw new PostgresError('PG_TIMEOUT', text, { limit: 'keepAliveMs', cause: error })
    }
    this.#heard()
  }

  /** Waits until something has changed, or so long. Whether something has. */
  async #change(ms: number): Promise<boolean> {
    try {
      await withTimeout(ms, () => this.#changed.wait())
      return true
    } catch (error) {
      if (error instanceof TimeoutError) return false
      throw error
    }
  }

  #told({ channel, payload, processId }: Notification): void {
    this.#heard()
    for (const listener of this.#channels.of(channel))
      listener.deliver({ kind: 'notification', channel, payload, processId })
  }

  #heard(): void {
    this.#heardAt = now()
    this.#heardOn = new Date()
  }

  /** Those who have listened wait for another connection, as long as they like; for the others, this is their answer. */
  #lost(cause: PostgresError): void {
    for (const listener of [...this.#channels.listeners]) {
      if (!listener.hasListened) listener.fail(cause)
      else {
        listener.lost(this.#heardOn, cause)
        const since = listener.lostSince ?? this.#heardOn
        if (Date.now() - since.getTime() >= listener.settings.reconnectTimeoutMs) listener.fail(cause)
      }
    }
  }
}

function asLoss(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new PostgresError('PG_BROKEN', `the connection that listens is lost: ${text}`, { cause: error })
}
