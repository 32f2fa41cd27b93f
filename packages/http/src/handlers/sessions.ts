/**
 * Sessions as coroutines: each client has one that runs `fn`, and gets that client's requests one after
 * another, so that what the session knows is in local variables. This finds the session for a request, makes
 * new ones up to a limit, and lets them end.
 */
import {
  type Awaitable,
  type Coroutine,
  Event,
  shield,
  spawn,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import { checkFunction } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse } from '../message.js'
import { cookies, setCookie } from './cookies.js'
import { unavailable } from './responses.js'
import { Session, type SessionKeeper } from './session.js'
import { graceOf, type SessionOptions, type SessionSettings, sessionSettings } from './session-options.js'

/** A handler, and what can be done with all its sessions. */
export interface Sessions extends AsyncDisposable {
  (request: HttpRequest): Awaitable<HttpResponse>
  /** Sessions that take requests. */
  readonly size: number
  /**
   * Takes no more requests (503) and lets the iteration of each session end. Waits until all functions have
   * returned, `graceMs` milliseconds at most (10,000 unless given), then shuts the others down; gives how
   * many those were. Stop the server before, so that no request is refused.
   */
  stop(options?: { readonly graceMs?: number }): Promise<number>
}

type SessionFunction = (session: Session) => Awaitable<void>

/** What a session that was shut down gets to end. */
const END_GRACE_MS = 1_000

class Keeper implements SessionKeeper {
  readonly settings: SessionSettings
  readonly #fn: SessionFunction
  readonly #byId = new Map<string, Session>()
  /** Those whose client never came with their cookie, the oldest first. */
  readonly #unconfirmed = new Set<Session>()
  readonly #running = new Map<Session, Coroutine<void>>()
  readonly #empty = new Event()
  #isStopping = false

  constructor(fn: SessionFunction, settings: SessionSettings) {
    this.#fn = fn
    this.settings = settings
  }

  get size(): number {
    return this.#byId.size
  }

  handle(request: HttpRequest): Awaitable<HttpResponse> {
    if (this.#isStopping) return unavailable('The server stops', 1)
    const { answerTimeoutMs } = this.settings
    const id = cookies(request).get(this.settings.cookieName)
    const known = id === undefined ? undefined : this.#byId.get(id)
    if (known !== undefined) {
      this.#unconfirmed.delete(known)
      return known.enqueue(request)?.answer(answerTimeoutMs) ?? unavailable('Too many requests wait', 1)
    }
    // An id that is not known is never taken over: whoever made it up could know it for somebody else.
    if (!this.#hasRoom()) return unavailable('There are too many sessions', 1)
    const session = new Session(this)
    this.#byId.set(session.id, session)
    this.#unconfirmed.add(session)
    const exchange = session.enqueue(request)
    exchange?.setCookie(this.cookieOf(session, request))
    this.#running.set(
      session,
      spawn({ name: 'http session', daemon: true }, () => this.#run(session)),
    )
    return exchange?.answer(answerTimeoutMs) ?? unavailable()
  }

  #hasRoom(): boolean {
    const { maxSessions } = this.settings
    if (this.#byId.size >= maxSessions) {
      for (const session of this.#unconfirmed) {
        if (!session.isIdle) continue
        session.close()
        break
      }
    }
    // Functions that do not end although their requests have must not add up either.
    return this.#byId.size < maxSessions && this.#running.size < 2 * maxSessions
  }

  async #run(session: Session): Promise<void> {
    try {
      await this.#fn(session)
    } finally {
      session.ended()
      this.#running.delete(session)
      if (this.#running.size === 0 && this.#isStopping) this.#empty.set()
    }
  }

  renamed(session: Session, oldId: string): void {
    if (this.#byId.delete(oldId)) this.#byId.set(session.id, session)
  }

  closed(session: Session): void {
    this.#byId.delete(session.id)
    this.#unconfirmed.delete(session)
  }

  cookieOf(session: Session, request: HttpRequest): string {
    const { cookieName, cookiePath, sameSite, secure = request.tls !== undefined } = this.settings
    return setCookie(cookieName, session.id, { path: cookiePath, sameSite, secure })
  }

  async stop(graceMs: number): Promise<number> {
    this.#isStopping = true
    for (const session of [...this.#byId.values()]) session.close()
    if (this.#running.size === 0) return 0
    try {
      await withTimeout(graceMs, () => this.#empty.wait())
      return 0
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      return this.#shutDown()
    }
  }

  async #shutDown(): Promise<number> {
    const left = [...this.#running]
    for (const [session, coroutine] of left) {
      coroutine.shutdown('its server stops')
      // One that has not begun never will, and has nothing to clean up.
      if (coroutine.state === 'ready') {
        session.ended()
        this.#running.delete(session)
      }
    }
    if (this.#running.size > 0) await shield(END_GRACE_MS, () => this.#empty.wait()).catch(() => {})
    return left.length
  }
}

/**
 * A handler that gives each client a session: a coroutine that runs `fn(session)`, and a cookie with an id of
 * 144 random bits, HttpOnly, SameSite=Lax, and Secure over TLS. `fn` takes the requests from
 * `session.requests` and answers each by `respond`, in whatever order. The session ends when `fn` returns or
 * throws: requests that it had taken are answered with 500 then, and those that wait with 503; what it threw
 * goes to the exception notifier.
 *
 * A request whose client goes away is passed over, or has `isGone`; reading its body fails with `HTTP_CUT`.
 */
export function sessions(fn: (session: Session) => Awaitable<void>, options: SessionOptions = {}): Sessions {
  checkFunction('fn', fn)
  const keeper = new Keeper(fn, sessionSettings(options))
  const stop = async (how: { readonly graceMs?: number } = {}): Promise<number> => keeper.stop(graceOf(how))
  const handler = (request: HttpRequest): Awaitable<HttpResponse> => keeper.handle(request)
  Object.defineProperty(handler, 'size', { get: () => keeper.size })
  return Object.assign(handler, {
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }) as unknown as Sessions
}
