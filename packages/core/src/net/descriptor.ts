/**
 * A descriptor the poller watches, edge-triggered: `readable` and `writable` say whether trying is worth a system call.
 * An event sets them, a call that says EAGAIN clears them; so does a short write, and a short read from a TCP connection, which means that it
 * is drained, unless the peer ended, an error is pending, or an urgent byte may have stopped the read (native/poller.h).
 *
 * Socket, Listener and the like own one each. It is a separate object so that the collector can find an owner that
 * was forgotten while open, and close the descriptor then.
 */
import { ClosedError, SimultaneousError } from '../errors.js'
import { BROKEN, EAGAIN, ENDED, native, READABLE, URGENT, WRITABLE } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { unwatch, type Watched, watch } from '../runtime/dispatcher.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'
import { type SystemError, type SystemErrorFacts, systemError } from '../system-error.js'

export type Direction = 'read' | 'write'

/**
 * The most that one turn, and one system call, sends. A peer that reads as fast as we send never makes the kernel say EAGAIN,
 * and sendmsg(2) and sendfile(2) themselves go on as long as there is room. For files there is another figure, in transmit.ts.
 */
export const BYTES_PER_TURN = 1024 * 1024

/** Called whenever a descriptor of this thread is closed: whoever ran out of them may try again. */
const closeListeners = new Set<() => void>()

export function onDescriptorClosed(callback: () => void): () => void {
  closeListeners.add(callback)
  return () => closeListeners.delete(callback)
}

const forgotten = new FinalizationRegistry<Descriptor>((descriptor) =>
  descriptor.close('it was forgotten while open'),
)

export class Descriptor implements Watched {
  readonly fd: number
  readable = true
  writable = true
  /** A short read no longer means "drained". Sticky. */
  distrustsShortReads = false
  reader: IoWait<unknown> | null = null
  writer: IoWait<unknown> | null = null
  /** A writer that waits for something to read. */
  crossed: IoWait<unknown> | null = null
  /** Bytes that the kernel has taken, modulo 2^30: whether it takes any, and not how many those were. */
  taken = 0
  #closed: { readonly code: 'CLOSED' | 'BROKEN'; readonly text: string } | null = null

  constructor(fd: number) {
    this.fd = fd
    watch(fd, this)
  }

  /** Closes the descriptor when the collector finds that nobody has `owner` any more. */
  closeWith(owner: object): void {
    forgotten.register(owner, this)
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  onEvent(readiness: number): void {
    if ((readiness & (ENDED | BROKEN | URGENT)) !== 0) this.distrustsShortReads = true
    if ((readiness & READABLE) !== 0) {
      this.readable = true
      this.reader?.attempt()
      this.crossed?.attempt()
    }
    if ((readiness & WRITABLE) !== 0) {
      this.writable = true
      this.writer?.attempt()
    }
  }

  /** Reads into `target`; the count (0: the end), or EAGAIN. Throws what the system says otherwise. */
  read(target: Uint8Array, offset: number, length: number): number {
    const count = native.read(this.fd, target, offset, length)
    if (count < length && (count === EAGAIN || (count > 0 && !this.distrustsShortReads)))
      this.readable = false
    if (count < 0 && count !== EAGAIN) throw this.failure('read', count)
    return count
  }

  /** Writes; the count, or EAGAIN. Fewer bytes than there were: the kernel takes no more now (epoll(7)). */
  write(data: Uint8Array, offset: number): number {
    return this.writeUpTo(data, offset, data.length)
  }

  writeUpTo(data: Uint8Array, offset: number, end: number): number {
    const length = Math.min(end - offset, BYTES_PER_TURN)
    const count = this.wrote(native.write(this.fd, data, offset, length))
    if (count < length && !this.distrustsShortReads) this.writable = false
    return count
  }

  writev(parts: readonly Uint8Array[], first: number, offset: number): number {
    return this.wrote(native.writev(this.fd, parts, first, offset))
  }

  /** The kernel said EAGAIN, to whoever called it. */
  exhaust(direction: Direction): void {
    if (direction === 'read') this.readable = false
    else this.writable = false
  }

  /** What every kind of write does with its result. */
  wrote(count: number, syscall = 'write'): number {
    if (count === EAGAIN) this.writable = false
    else if (count < 0) throw this.failure(syscall, count)
    else this.taken = (this.taken + count) & 0x3fff_ffff
    return count
  }

  failure(syscall: string, result: number, facts?: SystemErrorFacts): SystemError {
    return systemError(syscall, result, facts)
  }

  /** Throws unless the descriptor is open and nobody waits in this direction. */
  claim(direction: Direction, what: string): void {
    if (this.#closed !== null) throw this.closedError(`cannot ${what}: `)
    const other = direction === 'read' ? this.reader : this.writer
    if (other !== null) {
      const { coroutine } = other.scope
      const mine = currentScope().coroutine
      const hint = mine === coroutine ? ' (was an await forgotten?)' : ''
      throw new SimultaneousError(
        'SIMULTANEOUS',
        `coroutine ${mine.id} (${mine.name}) cannot ${what} on fd ${this.fd}: coroutine ${coroutine.id} (${coroutine.name}) waits there: ${other.describe()}${hint}`,
      )
    }
  }

  closedError(before = ''): ClosedError {
    const { code, text } = this.#closed ?? { code: 'CLOSED', text: 'closed' }
    return new ClosedError(`${before}fd ${this.fd} is closed: ${text}`, code)
  }

  /** Idempotent. `text` says why, to whoever waits or comes later. */
  close(text = 'close() was called', code: 'CLOSED' | 'BROKEN' = 'CLOSED'): void {
    if (this.#closed !== null) return
    this.#closed = { code, text }
    unwatch(this.fd)
    const result = native.close(this.fd)
    const { reader, writer } = this
    reader?.fail(this.closedError())
    writer?.fail(this.closedError())
    // A copy: a callback that still finds no descriptor registers itself again.
    if (closeListeners.size > 0) for (const callback of [...closeListeners]) callback()
    if (result < 0) throw this.failure('close', result)
  }

  /** Resets the connection, for what was sent half: the peer must not take the part for a whole. */
  break(text: string): void {
    if (this.#closed !== null) return
    native.setLinger(this.fd, 0)
    this.close(text, 'BROKEN')
  }
}

/** What a wait's operation gives when it has to be tried again at the next event. */
export const PENDING = Symbol('pending')

/** A wait for one direction of a descriptor, which tries its operation again at each event. */
export abstract class IoWait<T> extends Wait<T> {
  protected readonly descriptor: Descriptor
  /** Keeps the owner from the collector while somebody waits. */
  readonly owner: { describePeer(): string }
  protected readonly direction: Direction

  constructor(scope: Scope, descriptor: Descriptor, owner: { describePeer(): string }, direction: Direction) {
    super(scope)
    this.descriptor = descriptor
    this.owner = owner
    this.direction = direction
  }

  /** Begins to wait, in `scope`. After it has ended it may begin again. */
  again(scope: Scope): Promise<T> {
    // Asked a second time: the operation may have yielded since the first, and a cancellation that came then ends no later wait.
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.scope = scope
    if (this.direction === 'read') this.descriptor.reader = this
    else this.descriptor.writer = this
    return this.suspend()
  }

  begin(): Promise<T> {
    return this.again(this.scope)
  }

  /** Tries. Throws what the operation fails with. */
  protected abstract try(): T | typeof PENDING
  /** The operation, in a word: `recv`. */
  protected abstract readonly verb: string

  attempt(): void {
    let result: T | typeof PENDING
    try {
      result = this.try()
    } catch (error) {
      this.fail(error)
      return
    }
    if (result !== PENDING) this.wake(result)
  }

  override wake(value: T): void {
    this.release()
    super.wake(value)
  }

  override fail(error: unknown): void {
    this.release()
    super.fail(error)
  }

  protected release(): void {
    const { descriptor } = this
    if (this.direction === 'read') {
      if (descriptor.reader === this) descriptor.reader = null
    } else if (descriptor.writer === this) descriptor.writer = null
    if (descriptor.crossed === this) descriptor.crossed = null
  }

  protected unlink(): void {
    this.release()
  }

  protected override get isExternal(): boolean {
    return true
  }

  describe(): string {
    return `${this.verb} fd ${this.descriptor.fd}${this.owner.describePeer()}`
  }
}
