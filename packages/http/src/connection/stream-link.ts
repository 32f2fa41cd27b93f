/** A connection over any Stream, TLS for one. The coroutine of the connection receives, and hands over what came. */
import type { SocketAddress, Stream } from '@shrapnel/core'
import { Interrupted } from '@shrapnel/core'
import { runIn, Scope } from '@shrapnel/core/parts'
import type { TlsFacts } from '../tls-types.js'
import type { Link, Receiver } from './link.js'
import { Pause } from './pause.js'

const CHUNK_BYTES = 65_536

export class StreamLink implements Link {
  readonly stream: Stream
  readonly taken = undefined
  readonly #receiver: Receiver
  readonly #scope: Scope
  /** The receive that is under way, in a scope of its own: so it can be cancelled, which takes no byte. */
  #receiving: Scope | null = null
  #pause: Pause | null = null

  constructor(stream: Stream, receiver: Receiver, scope: Scope) {
    this.stream = stream
    this.#receiver = receiver
    this.#scope = scope
  }

  get peer(): SocketAddress | undefined {
    return (this.stream as { readonly remoteAddress?: SocketAddress }).remoteAddress
  }

  get tls(): TlsFacts | undefined {
    return (this.stream as { readonly facts?: TlsFacts }).facts
  }

  async run(): Promise<void> {
    const receiver = this.#receiver
    while (!receiver.isOver) {
      if (!receiver.wantsInput) {
        await this.#rest()
        continue
      }
      const bytes = await this.#receive()
      if (bytes === undefined || receiver.isOver) continue
      if (bytes.length > 0) receiver.received(bytes, 0, bytes.length, false)
      else {
        receiver.ended()
        if (!receiver.isOver) await this.#rest()
      }
    }
  }

  async #receive(): Promise<Buffer | undefined> {
    const scope = new Scope(this.#scope, this.#scope.coroutine)
    this.#receiving = scope
    try {
      return await runIn(scope, () => this.stream.recv(CHUNK_BYTES))
    } catch (error) {
      // Ours, and nobody else's: the connection itself goes on.
      if (error instanceof Interrupted && scope.cancellation !== null && this.#scope.cancellation === null)
        return undefined
      throw error
    } finally {
      this.#receiving = null
      scope.close()
    }
  }

  #rest(): Promise<void> {
    const refused = this.#scope.refuse()
    if (refused !== null) return refused
    this.#pause = new Pause(this.#scope, 'its input is wanted')
    return this.#pause.suspend()
  }

  wake(): void {
    this.#pause?.wake()
    this.#pause = null
    if (!this.#receiver.isOver) return
    const scope = this.#receiving
    scope?.cancel({ origin: scope, kind: 'interrupted', text: 'the connection is over' })
  }

  /** The coroutine receives as soon as anything is there, unless it was told to pause. */
  pull(): void {
    this.#pause?.wake()
    this.#pause = null
  }

  write(bytes: Buffer, end: number): boolean {
    const all = Buffer.from(bytes.subarray(0, end))
    const sent = runIn(this.#scope, () => this.stream.send(all))
    if (!(sent instanceof Promise)) return true
    sent.then(
      () => this.#receiver.flushed(),
      (error) => this.#receiver.failed(error),
    )
    return false
  }

  /** A stream takes all or nothing. */
  writeNow(): number {
    return 0
  }
}
