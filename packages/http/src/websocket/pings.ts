/** Pings of one connection (RFC 6455, 5.5.2): those that a program sends and waits for, and that by which a dead peer is found. */
import { now } from '@shrapnel/core'
import { recently, type Scope, Wait } from '@shrapnel/core/parts'

/** What is due when a connection has been quiet. */
export type Due =
  /** Nothing before this time. */
  | number
  /** A ping. */
  | 'ping'
  /** An end: the peer is dead. */
  | 'end'

let count = 0

export class Pings {
  #heardAt = recently()
  /** When the peer was asked whether it lives; below 0: it was not. */
  #askedAt = -1
  #waits: PongWait[] | null = null

  /** Something came from the peer, or it took something. */
  heard(): void {
    this.#heardAt = recently()
  }

  /** `isListening`: what the peer sends is read. What is not, because nobody receives, cannot be missed. */
  due(isListening: boolean, pingIntervalMs: number): Due {
    const time = recently()
    if (this.#askedAt >= 0 && this.#heardAt < this.#askedAt && isListening) return 'end'
    this.#askedAt = -1
    const next = (isListening ? this.#heardAt : time) + pingIntervalMs
    if (time < next) return next
    this.#askedAt = time
    return 'ping'
  }

  /** A ping with a payload of its own, which is to be sent now, and whose wait then begins. */
  add(scope: Scope): PongWait {
    const wait = new PongWait(scope, this)
    this.#waits ??= []
    this.#waits.push(wait)
    return wait
  }

  /** A pong answers its ping and those before it (RFC 6455, 5.5.3). */
  answered(payload: Buffer): void {
    const waits = this.#waits
    const found = waits?.findIndex((wait) => wait.payload.equals(payload)) ?? -1
    if (waits === null || found < 0) return
    const at = now()
    for (const wait of waits.splice(0, found + 1)) wait.wake(at - wait.at)
  }

  /** @internal */
  drop(wait: PongWait): void {
    this.#waits = this.#waits?.filter((other) => other !== wait) ?? null
  }

  end(error: unknown): void {
    const waits = this.#waits ?? []
    this.#waits = null
    for (const wait of waits) wait.fail(error)
  }
}

/** How long the pong took, in milliseconds. */
class PongWait extends Wait<number> {
  readonly at = now()
  readonly payload: Buffer = Buffer.allocUnsafe(4)
  readonly #pings: Pings

  constructor(scope: Scope, pings: Pings) {
    super(scope)
    this.#pings = pings
    count = (count + 1) >>> 0
    this.payload.writeUInt32BE(count, 0)
  }

  protected unlink(): void {
    this.#pings.drop(this)
  }

  describe(): string {
    return 'websocket pong'
  }
}
