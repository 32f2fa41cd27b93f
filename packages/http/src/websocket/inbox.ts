/**
 * Messages that came, and the one coroutine that receives them. What comes while it waits is handed over; the rest waits here, compressed
 * if it came so: it is the receiver who has it decompressed, one message at a time.
 */
import { type Awaitable, SimultaneousError } from '@shrapnel/core'
import { afterTurn, currentScope, type Scope, spend } from '@shrapnel/core/parts'
import { WebSocketError } from '../errors.js'
import { CompressedMessage } from './compressed-message.js'
import { isLent, takeBack } from './message-memory.js'
import { type End, ReceiveWait } from './receive-wait.js'

/** What a message costs besides its bytes. */
const MESSAGE_BYTES = 64
/** What a receive that waited is woken with when the message has to be decompressed. */
const AGAIN = Symbol('again')

export interface InboxOwner {
  /** There is room again. */
  pull(): void
  /** A message was not what it should be. */
  failed(error: unknown): void
  readonly maxMessageBytes: number
  readonly recyclesMessages: boolean
  /** 0: messages do not come compressed. */
  readonly peerWindowBits: number
}

type Message = string | Buffer
type Step = IteratorResult<Message, undefined>

export class Inbox {
  readonly #owner: InboxOwner
  /** Null while there are none. */
  #items: (Message | CompressedMessage)[] | null = null
  #first = 0
  #bytes = 0
  #wait: ReceiveWait | null = null
  /** The message that was received last, if its memory is to be used again. */
  #lent: Buffer | null = null
  /** Somebody decompresses the first one. */
  #isTaken = false
  #end: End | null = null

  constructor(owner: InboxOwner) {
    this.#owner = owner
  }

  get isEmpty(): boolean {
    return this.#items === null
  }

  /** What the messages in it come to. */
  get bytes(): number {
    return this.#bytes
  }

  add(message: Message): void {
    const wait = this.#wait
    if (wait?.isPending === true) {
      this.#lend(message)
      wait.deliver(message)
    } else this.#keep(message)
  }

  addCompressed(isText: boolean, bytes: Buffer, length: number): void {
    this.#keep(new CompressedMessage(isText, bytes, length))
    this.#wait?.wake(AGAIN)
  }

  /** Nothing more comes. What is here can still be received. */
  end(error: unknown, isQuiet: boolean): void {
    if (this.#end !== null) return
    this.#end = { error, isQuiet }
    if (this.#wait?.isPending === true) this.#wait.end(this.#end)
  }

  receive(): Awaitable<Message> {
    return this.#take(false) as Awaitable<Message>
  }

  /** As `receive`, for an iteration. */
  next(): Awaitable<Step> {
    return this.#take(true) as Awaitable<Step>
  }

  #take(isNext: boolean): Awaitable<Message | Step> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#claim(scope)
    if (this.#lent !== null) this.#takeBack(this.#lent)
    if (this.#items !== null) {
      if (!spend(scope)) return afterTurn(() => this.#take(isNext) as Message | Promise<Message>)
      const item = this.#items[this.#first] as Message | CompressedMessage
      if (item instanceof CompressedMessage) return this.#decompressed(item, isNext)
      this.#drop(item.length)
      this.#lend(item)
      return isNext ? { done: false, value: item } : item
    }
    if (this.#end !== null) {
      if (isNext && this.#end.isQuiet) return { done: true, value: undefined }
      return Promise.reject(this.#end.error)
    }
    this.#wait ??= new ReceiveWait(scope)
    const received = this.#wait.again(scope, isNext) as Promise<Message | Step>
    return this.#owner.peerWindowBits > 0 ? this.#orAgain(received, isNext) : received
  }

  #claim(scope: Scope): void {
    if (this.#wait?.isPending !== true && !this.#isTaken) return
    const { coroutine } = scope
    throw new SimultaneousError(
      'SIMULTANEOUS',
      `coroutine ${coroutine.id} (${coroutine.name}) cannot receive from a WebSocket: another does already`,
    )
  }

  #keep(item: Message | CompressedMessage): void {
    if (this.#items === null) this.#items = [item]
    else this.#items.push(item)
    this.#bytes += item.length + MESSAGE_BYTES
  }

  #drop(length: number): void {
    const items = this.#items as (Message | CompressedMessage)[]
    items[this.#first++] = ''
    if (this.#first === items.length) {
      this.#items = null
      this.#first = 0
    }
    this.#bytes -= length + MESSAGE_BYTES
    this.#owner.pull()
  }

  #lend(message: Message): void {
    if (this.#owner.recyclesMessages && typeof message !== 'string' && isLent(message)) this.#lent = message
  }

  #takeBack(lent: Buffer): void {
    this.#lent = null
    takeBack(lent)
  }

  async #orAgain(received: Promise<Message | Step>, isNext: boolean): Promise<Message | Step> {
    const outcome: unknown = await received
    return outcome === AGAIN ? this.#take(isNext) : (outcome as Message | Step)
  }

  async #decompressed(item: CompressedMessage, isNext: boolean): Promise<Message | Step> {
    const owner = this.#owner
    this.#isTaken = true
    try {
      const message = await item.read(owner.peerWindowBits, owner.maxMessageBytes)
      this.#drop(item.length)
      return isNext ? { done: false, value: message } : message
    } catch (error) {
      if (error instanceof WebSocketError) owner.failed(error)
      throw error
    } finally {
      this.#isTaken = false
    }
  }
}
