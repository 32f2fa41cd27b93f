/**
 * The stream that TLS runs over when it is no socket: ciphertext is received from it and fed to the engine, and what the engine makes is
 * sent on it. It knows nothing of what the engine says. The engine is its to free: with the end of the stream.
 *
 * One at a time sends and one at a time receives, whoever it is: a send may have to receive first, and a receive has answers to send.
 */
import { ClosedError, type Held, Mutex, Semaphore, type Stream } from '@shrapnel/core'
import { inBackground, refillBackground, systemError } from '@shrapnel/core/parts'
import { type NativeEngine, native } from './native.js'
import { MAX_RECV_BYTES } from './received.js'

let streams = 0

export class StreamBelow {
  readonly name = `TLS stream ${++streams}`
  readonly #inner: Stream
  readonly #engine: NativeEngine
  readonly #sending = new Mutex()
  readonly #feeding = new Semaphore(1)
  /** Ciphertext that the stream has not taken. */
  #unsent: Buffer | null = null
  #isEnded = false
  #received = 0
  #closed: { readonly text: string; readonly code: 'CLOSED' | 'BROKEN' } | null = null

  constructor(inner: Stream, engine: NativeEngine) {
    this.#inner = inner
    this.#engine = engine
  }

  get isClosed(): boolean {
    return this.#closed !== null || this.#inner.isClosed
  }

  checkOpen(): void {
    if (!this.isClosed) return
    const { text, code } = this.#closed ?? { text: 'the stream below is closed', code: 'CLOSED' as const }
    throw new ClosedError(`${this.name} is closed: ${text}`, code)
  }

  close(text: string, code: 'CLOSED' | 'BROKEN'): void {
    if (this.#closed !== null) return
    this.#closed = { text, code }
    this.#inner.close()
    native.engineFree(this.#engine)
  }

  /** Waits until the engine was fed, by this or by somebody else who has begun before. False: the stream has ended. */
  async feed(): Promise<boolean> {
    const before = this.#received
    using _feeding = await this.#feeding.acquire()
    return this.#received > before || (await this.take())
  }

  /** Feeds the engine with what the stream has next. False: it has ended. Only where nobody else does. */
  async take(): Promise<boolean> {
    if (this.#isEnded) return false
    const bytes = await this.#inner.recv(MAX_RECV_BYTES)
    this.checkOpen()
    this.#isEnded = bytes.length === 0
    if (this.#isEnded) return false
    const result = native.feed(this.#engine, bytes)
    if (result < 0) throw systemError('read', result)
    this.#received += bytes.length
    return true
  }

  /** Whoever holds it may call `sendMade`. */
  lock(): Held | Promise<Held> {
    return this.#sending.lock()
  }

  /** Sends what the engine has made. Cancelled before the first byte it keeps it for the next time. */
  async sendMade(): Promise<void> {
    for (;;) {
      this.checkOpen()
      const made = native.takeOutput(this.#engine)
      if (made !== undefined)
        this.#unsent = this.#unsent === null ? made : Buffer.concat([this.#unsent, made])
      if (this.#unsent === null) return
      await this.#inner.send(this.#unsent)
      this.#unsent = null
    }
  }

  /** The same, when nobody else sends. */
  async flush(): Promise<void> {
    using _sending = await this.#sending.lock()
    await this.sendMade()
  }

  /**
   * The same, for a receive, which does not wait for it: the peer may take nothing before we have taken what it sends. Whoever sends
   * already takes it along.
   */
  answer(): void {
    if (!this.#sending.isLocked) unattended(() => this.flush())
  }

  /** The same, if the stream takes it without waiting: nobody will be there when it does. */
  sendAtOnce(): void {
    if (this.#sending.isLocked) return
    const made = native.takeOutput(this.#engine)
    const bytes = this.#unsent === null ? made : Buffer.concat([this.#unsent, made ?? NOTHING])
    this.#unsent = null
    if (bytes !== undefined && !this.#inner.isClosed) unattended(() => this.#inner.send(bytes))
  }
}

const NOTHING: Buffer = Buffer.alloc(0)

function ignore(): void {}

function unattended(send: () => unknown): void {
  refillBackground()
  inBackground(send, ignore, ignore)
}
