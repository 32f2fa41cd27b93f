/** Sockets that accept. */
import type { Awaitable } from '../awaitable.js'
import { checkFunction } from '../errors.js'
import { closeOnExit } from '../exit.js'
import {
  type DecodedAddress,
  EAGAIN,
  ECONNABORTED,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  ENOTSUP,
  EPROTO,
  native,
} from '../native.js'
import { now } from '../runtime/clock.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { type SpawnOptions, spawn } from '../spawn.js'
import { type SystemErrorFacts, systemError } from '../system-error.js'
import { describeAddress, type SocketAddress, toSocketAddress } from './address.js'
import { Descriptor, IoWait, onDescriptorClosed, PENDING } from './descriptor.js'
import { Socket } from './socket.js'

/** After running out of descriptors or memory, when none of ours was closed meanwhile: another process may have freed some. */
const EXHAUSTED_RETRY_MS = 100

const EXHAUSTED = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM])
/** The connection died in the queue: the next one may be well (accept(2)). */
const DEAD_ON_ARRIVAL = new Set([ECONNABORTED, EPROTO])

/**
 * Has the poller watch `fd`, which listens. True: so that a connection wakes one of the processes that share it (`exclusive`), which
 * not every system can.
 */
export function watchListener(fd: number, isExclusive: boolean, facts?: SystemErrorFacts): boolean {
  const result = isExclusive ? native.watchExclusive(fd) : native.watch(fd)
  if (result >= 0) return isExclusive
  if (isExclusive && result === ENOTSUP) return watchListener(fd, false, facts)
  throw systemError('epoll_ctl', result, facts)
}

export class Listener implements AsyncIterable<Socket>, AsyncDisposable {
  readonly #descriptor: Descriptor
  readonly #isTcp: boolean
  readonly #noDelay: boolean
  /** The poller is told when somebody waits in `accept`, and asks for nothing otherwise: see native/exclusive_watch.h. */
  readonly #isExclusive: boolean
  readonly #forget: () => void
  /** Why accepting has paused: the errno of the last accept that found no descriptor or memory. */
  #exhausted = 0
  readonly #name: DecodedAddress

  /** @internal */
  constructor(fd: number, isTcp: boolean, noDelay: boolean, isExclusive: boolean) {
    this.#descriptor = new Descriptor(fd)
    this.#isTcp = isTcp
    this.#noDelay = noDelay
    this.#isExclusive = isExclusive
    const name = native.socketName(fd)
    if (typeof name === 'number') throw this.#descriptor.failure('getsockname', name)
    this.#name = name
    this.#forget = closeOnExit(this)
  }

  get fd(): number {
    return this.#descriptor.fd
  }

  get isClosed(): boolean {
    return this.#descriptor.isClosed
  }

  /** Where it listens, or did, with the port the kernel chose where 0 was asked for. Undefined for a UNIX socket. */
  get address(): SocketAddress | undefined {
    return toSocketAddress(this.#name)
  }

  /** The port it listens on, or did; 0 for a UNIX socket. */
  get port(): number {
    return this.address?.port ?? 0
  }

  /** @internal */
  describePeer(): string {
    return ` ${describeAddress(this.#name)}`
  }

  /**
   * The next connection. Cancelling loses none. When the process is out of descriptors (`EMFILE`, `ENFILE`) or the kernel of
   * memory, it waits until one frees; clients stay in the queue meanwhile. Fails with `CLOSED`, `SIMULTANEOUS`.
   */
  accept(): Awaitable<Socket> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    return this.#acceptNext(scope)
  }

  #acceptNext(scope: Scope): Awaitable<Socket> {
    const descriptor = this.#descriptor
    descriptor.claim('read', 'accept')
    if (descriptor.readable) {
      if (!spend(scope)) return afterTurn(() => this.#acceptNext(currentScope()))
      const socket = this.tryAccept()
      if (socket !== undefined) return socket
    }
    const wait = new AcceptWait(scope, descriptor, this)
    const accepted = wait.begin()
    if (wait.isPending) {
      if (this.#exhausted !== 0) wait.retryLater()
      else this.expect(true)
    }
    return accepted
  }

  /** undefined: none is there, or none can be had now. @internal */
  tryAccept(): Socket | undefined {
    for (;;) {
      const fd = native.accept(this.fd)
      if (fd >= 0) {
        this.#exhausted = 0
        const { IPPROTO_TCP, TCP_NODELAY } = native.constants
        // BSD refuses options on a connection that the peer has reset already. Whoever receives will hear of it.
        if (this.#isTcp && this.#noDelay) native.setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1)
        return new Socket(fd, !this.#isTcp)
      }
      if (fd === EAGAIN) {
        this.#descriptor.readable = false
        this.#exhausted = 0
        return undefined
      }
      if (EXHAUSTED.has(fd)) {
        this.#exhausted = fd
        return undefined
      }
      if (!DEAD_ON_ARRIVAL.has(fd)) throw this.#descriptor.failure('accept', fd)
    }
  }

  /** Somebody waits for a connection and could take it; or nobody does, and others who share the listener should be woken. @internal */
  expect(isAccepting: boolean): void {
    if (this.#isExclusive && !this.isClosed) native.setAccepting(this.fd, isAccepting ? 1 : 0)
  }

  /** @internal */
  get isExhausted(): boolean {
    return this.#exhausted !== 0
  }

  /** Every connection, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Socket, void> {
    while (!this.isClosed) {
      let socket: Socket
      try {
        socket = await this.accept()
      } catch (error) {
        if (this.isClosed) return
        throw error
      }
      yield socket
    }
  }

  /**
   * Calls `session(connection)` in a coroutine of its own for every connection, and closes the connection when that has
   * ended. Waits until the listener is closed; sessions go on then.
   */
  async serve(session: (connection: Socket) => unknown, options: SpawnOptions = {}): Promise<void> {
    checkFunction('session', session)
    const name = options.name ?? (session.name || 'session')
    const run = async (connection: Socket): Promise<void> => {
      using open = connection
      await session(open)
    }
    for await (const connection of this) spawn({ ...options, name }, run, connection)
  }

  /** Accepts no more; again without effect. Whoever waits in `accept` gets `ClosedError`, a loop over it ends. */
  close(): void {
    this.#forget()
    this.#descriptor.close('the listener was closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

class AcceptWait extends IoWait<Socket> {
  protected readonly verb = 'accept'
  readonly #listener: Listener
  #retry: (Timed & { stop(): void }) | null = null

  constructor(scope: Scope, descriptor: Descriptor, listener: Listener) {
    super(scope, descriptor, listener, 'read')
    this.#listener = listener
  }

  protected try(): Socket | typeof PENDING {
    const socket = this.#listener.tryAccept()
    if (this.#listener.isExhausted) this.retryLater()
    else if (socket === undefined) this.#listener.expect(true)
    return socket ?? PENDING
  }

  protected override release(): void {
    super.release()
    this.#listener.expect(false)
    this.#retry?.stop()
    this.#retry = null
  }

  /** The kernel will not speak again of connections that are queued already: ask when a descriptor frees, or after a while. */
  retryLater(): void {
    this.#listener.expect(false)
    this.#retry?.stop()
    const forget = onDescriptorClosed(() => this.#again())
    const retry = {
      at: now() + EXHAUSTED_RETRY_MS,
      sequence: 0,
      place: -1,
      yieldsToData: false,
      expire: () => this.#again(),
      stop() {
        forget()
        removeTimer(this)
      },
    }
    addTimer(retry)
    this.#retry = retry
  }

  #again(): void {
    this.#retry?.stop()
    this.#retry = null
    this.attempt()
  }
}
