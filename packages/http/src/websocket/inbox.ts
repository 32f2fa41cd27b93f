/**
 * Messages that came, and the one coroutine that receives them. What comes while it waits is handed over; the rest waits here, compressed
 * if it came so: it is the receiver who has it decompressed, one message at a time.
 */
import { isUtf8 } from 'node:buffer'
import { type Awaitable, interruptible, SimultaneousError } from '@shrapnel/core'
import { afterTurn, currentScope, type Scope, spend, Wait } from '@shrapnel/core/parts'
import { WebSocketError } from '../errors.js'
import { badText } from '../wire/websocket-frame.js'
import { takeBack } from './message-memory.js'
import { startInflate } from './zlib-work.js'

/** What a message costs besides its bytes. */
const MESSAGE_BYTES = 64

export interface InboxOwner {
  /** There is room again. */
  pull(): void
  /** A message was not what it should be. */
  failed(error: unknown): void
  readonly maxMessageBytes: number
  readonly recyclesMessages: boolean
  readonly peerWindowBits: number
}

/** How receiving ended. */
export interface End {
  readonly error: unknown
  /** By a close, as it should: an iteration just ends. */
  readonly isQuiet: boolean
}

class Compressed {
  readonly isText: boolean
  readonly bytes: Buffer
  readonly length: number
  /** What became of it, once it has been begun. A receive that is cancelled leaves it to the next. */
  work: Promise<Buffer> | null = null
  constructor(isText: boolean, bytes: Buffer, length: number) {
    this.isText = isText
    this.bytes = bytes
    this.length = length
  }
}

type Message = string | Buffer
type Item = Message | Compressed

export class Inbox {
  readonly #owner: InboxOwner
  #items: Item[] = []
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
    return this.#first === this.#items.length
  }

  /** What the messages in it come to. */
  get bytes(): number {
    return this.#bytes
  }

  add(message: Message): void {
    const wait = this.#wait
    if (wait !== null) {
      this.#wait = null
      this.#lend(message)
      wait.deliver(message)
      return
    }
    this.#items.push(message)
    this.#bytes += message.length + MESSAGE_BYTES
  }

  addCompressed(isText: boolean, bytes: Buffer, length: number): void {
    this.#items.push(new Compressed(isText, bytes, length))
    this.#bytes += bytes.length + MESSAGE_BYTES
    const wait = this.#wait
    this.#wait = null
    wait?.wake(AGAIN)
  }

  /** Nothing more comes. What is here can still be received. */
  end(error: unknown, isQuiet: boolean): void {
    if (this.#end !== null) return
    this.#end = { error, isQuiet }
    const wait = this.#wait
    this.#wait = null
    wait?.end(this.#end)
  }

  receive(): Awaitable<Message> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#claim(scope)
    if (this.#lent !== null) this.#takeBack(this.#lent)
    if (this.#first < this.#items.length) {
      if (!spend(scope)) return afterTurn(() => this.receive())
      const item = this.#items[this.#first] as Item
      if (item instanceof Compressed) return this.#inflated(item)
      this.#drop(item.length)
      this.#lend(item)
      return item
    }
    if (this.#end !== null) return Promise.reject(this.#end.error)
    this.#wait = new ReceiveWait(scope, this, false)
    const received = this.#wait.suspend()
    return this.#mayBeCompressed ? this.#orAgain(received) : (received as Promise<Message>)
  }

  next(): Awaitable<IteratorResult<Message, undefined>> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#claim(scope)
    if (this.#lent !== null) this.#takeBack(this.#lent)
    if (this.#first < this.#items.length) {
      if (!spend(scope)) return afterTurn(() => this.next())
      const item = this.#items[this.#first] as Item
      if (item instanceof Compressed) return this.#nextInflated(item)
      this.#drop(item.length)
      this.#lend(item)
      return { done: false, value: item }
    }
    if (this.#end !== null) {
      if (this.#end.isQuiet) return { done: true, value: undefined }
      return Promise.reject(this.#end.error)
    }
    this.#wait = new ReceiveWait(scope, this, true)
    const received = this.#wait.suspend()
    return this.#mayBeCompressed
      ? this.#nextOrAgain(received)
      : (received as Promise<IteratorResult<Message, undefined>>)
  }

  #claim(scope: Scope): void {
    if (this.#wait === null && !this.#isTaken) return
    const { coroutine } = scope
    throw new SimultaneousError(
      'SIMULTANEOUS',
      `coroutine ${coroutine.id} (${coroutine.name}) cannot receive from a WebSocket: another does already`,
    )
  }

  #drop(length: number): void {
    this.#items[this.#first++] = ''
    if (this.#first === this.#items.length) {
      this.#items.length = this.#first = 0
    }
    this.#bytes -= length + MESSAGE_BYTES
    this.#owner.pull()
  }

  #lend(message: Message): void {
    if (this.#owner.recyclesMessages && typeof message !== 'string') this.#lent = message
  }

  #takeBack(lent: Buffer): void {
    this.#lent = null
    takeBack(lent)
  }

  /** @internal */
  left(): void {
    this.#wait = null
  }

  // Compressed messages

  get #mayBeCompressed(): boolean {
    return this.#owner.peerWindowBits > 0
  }

  async #orAgain(received: Promise<unknown>): Promise<Message> {
    const message = await received
    return message === AGAIN ? this.receive() : (message as Message)
  }

  async #nextOrAgain(received: Promise<unknown>): Promise<IteratorResult<Message, undefined>> {
    const result = await received
    return result === AGAIN ? this.next() : (result as IteratorResult<Message, undefined>)
  }

  async #nextInflated(item: Compressed): Promise<IteratorResult<Message, undefined>> {
    return { done: false, value: await this.#inflated(item) }
  }

  async #inflated(item: Compressed): Promise<Message> {
    const owner = this.#owner
    this.#isTaken = true
    try {
      if (item.work === null) {
        const { work } = await startInflate(
          item.bytes,
          item.length,
          owner.peerWindowBits,
          owner.maxMessageBytes,
        )
        item.work = work
      }
      let bytes: Buffer
      let message: Message
      try {
        bytes = await interruptible(item.work)
        if (item.isText && !isUtf8(bytes)) throw badText('a text message')
        message = item.isText ? bytes.toString() : bytes
      } catch (error) {
        if (error instanceof WebSocketError) owner.failed(error)
        throw error
      }
      if (this.#items[this.#first] === item) this.#drop(item.bytes.length)
      return message
    } finally {
      this.#isTaken = false
    }
  }
}

/** What a receive that waited is woken with when the message has to be decompressed. */
const AGAIN = Symbol('again')

class ReceiveWait extends Wait<unknown> {
  readonly #inbox: Inbox
  readonly #isNext: boolean

  constructor(scope: Scope, inbox: Inbox, isNext: boolean) {
    super(scope)
    this.#inbox = inbox
    this.#isNext = isNext
  }

  deliver(message: Message): void {
    this.wake(this.#isNext ? { done: false, value: message } : message)
  }

  end({ error, isQuiet }: End): void {
    if (this.#isNext && isQuiet) this.wake({ done: true, value: undefined })
    else this.fail(error)
  }

  protected unlink(): void {
    this.#inbox.left()
  }

  describe(): string {
    return 'websocket receive'
  }
}
