/**
 * Messages on their way out, in the order of their `send`. A short one is copied into the outbox, and done. One that has to be compressed,
 * or finds others in line, takes its turn. A long one goes out from where it is, in fragments, by the coroutine that sends it.
 */
import { type Awaitable, Interrupted, interruptible, Semaphore } from '@shrapnel/core'
import { afterTurn, currentScope, spend, toBytes, wrongType } from '@shrapnel/core/parts'
import { WebSocketError } from '../errors.js'
import { headerBytes, writeHeader } from '../wire/websocket-encoder.js'
import { BINARY, COMPRESSED, CONTINUATION, FINAL, MAX_HEADER_BYTES, TEXT } from '../wire/websocket-frame.js'
import { applyMask, randomKey, sendScratch } from '../wire/websocket-mask.js'
import type { Endpoint } from './endpoint.js'
import { startDeflate } from './zlib-work.js'

/** Messages up to this are copied. */
const COPIED_BYTES = sendScratch.length - MAX_HEADER_BYTES
/** Text of so few characters is short in UTF-8 too: its length goes into one byte whatever it is. */
const SHORT_TEXT = 41

const DONE: Promise<void> = Promise.resolve()

export class Sender {
  readonly #endpoint: Endpoint
  #turn: Semaphore | null = null

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  send(message: string | Uint8Array): Promise<void> {
    const endpoint = this.#endpoint
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const isText = typeof message === 'string'
    if (!isText && !(message instanceof Uint8Array))
      throw wrongType('message', 'a string or a Uint8Array', message)
    const { ending } = endpoint
    if (!ending.isOpen) return Promise.reject(ending.failure)
    if (!spend(scope)) return afterTurn(() => this.send(message))
    const { outbox, settings, deflate, isClient } = endpoint
    // Characters are at most three bytes.
    const most = isText && message.length > SHORT_TEXT ? Buffer.byteLength(message) : message.length
    if (
      most > COPIED_BYTES ||
      this.#isTurnTaken ||
      outbox.queuedBytes + most > settings.highWaterBytes ||
      (deflate !== null && most >= (settings.compression?.thresholdBytes ?? 0))
    )
      return this.#sendInTurn(message)
    const end = isText ? encodeText(message, most, isClient) : encodeBytes(message, FINAL | BINARY, isClient)
    outbox.put(sendScratch, end, !endpoint.inbox.isEmpty)
    return ending.isOver ? Promise.reject(ending.failure) : DONE
  }

  get #isTurnTaken(): boolean {
    return this.#turn !== null && this.#turn.available === 0
  }

  /** Calls `fn` when everything that is in line has gone out. */
  async inTurn(fn: () => Awaitable<void>): Promise<void> {
    this.#turn ??= new Semaphore(1)
    const turn = await this.#turn.acquire()
    try {
      await fn()
    } finally {
      turn[Symbol.dispose]()
    }
  }

  #sendInTurn(message: string | Uint8Array): Promise<void> {
    return this.inTurn(async () => {
      this.#check()
      const opcode = typeof message === 'string' ? TEXT : BINARY
      const bytes = toBytes('message', message)
      const { deflate, settings } = this.#endpoint
      const { compression, highWaterBytes } = settings
      if (deflate === null || compression === null || bytes.length < compression.thresholdBytes) {
        await this.#sendBytes(bytes, opcode, highWaterBytes)
        return
      }
      const { work } = await startDeflate(bytes, deflate.ownWindowBits, compression.level)
      await this.#sendBytes(await interruptible(work), COMPRESSED | opcode, highWaterBytes)
    })
  }

  async #sendBytes(bytes: Uint8Array, first: number, highWaterBytes: number): Promise<void> {
    this.#check()
    if (bytes.length > Math.min(COPIED_BYTES, highWaterBytes)) {
      await this.#sendInPlace(bytes, first)
      return
    }
    const { outbox, isClient, inbox } = this.#endpoint
    const scope = currentScope()
    await (scope.refuse() ?? outbox.untilAtMost(scope, highWaterBytes - bytes.length))
    this.#check()
    outbox.put(sendScratch, encodeBytes(bytes, FINAL | first, isClient), !inbox.isEmpty)
    if (this.#endpoint.ending.isOver) this.#check()
  }

  #check(): void {
    const { ending } = this.#endpoint
    if (!ending.isTalking) throw ending.failure
  }

  /** Nothing is copied, but for a client's masks. Cancelled between or in fragments, it breaks the connection off. */
  async #sendInPlace(bytes: Uint8Array, first: number): Promise<void> {
    const endpoint = this.#endpoint
    const { outbox } = endpoint
    const { fragmentBytes } = endpoint.settings
    if (bytes.length > fragmentBytes) outbox.beginMessage()
    let at = 0
    try {
      do {
        const end = Math.min(bytes.length, at + fragmentBytes)
        const scope = currentScope()
        await (scope.refuse() ?? outbox.untilAtMost(scope, 0))
        this.#check()
        const bits = end === bytes.length ? FINAL : 0
        await this.#sendFragment(bytes.subarray(at, end), at === 0 ? first | bits : CONTINUATION | bits)
        at = end
      } while (at < bytes.length)
    } catch (error) {
      if (error instanceof WebSocketError) throw error
      const isCancelled = error instanceof Interrupted
      if (isCancelled && (at > 0 || endpoint.stream.isClosed)) endpoint.breakOff(error)
      if (isCancelled) throw error
      endpoint.failed(error)
      throw endpoint.ending.failure
    } finally {
      outbox.endMessage()
    }
  }

  async #sendFragment(payload: Uint8Array, first: number): Promise<void> {
    const { outbox, stream, isClient } = this.#endpoint
    const header = Buffer.allocUnsafe(headerBytes(payload.length, isClient))
    const key = isClient ? randomKey() : 0
    writeHeader(header, 0, first, payload.length, isClient, key)
    let body = payload
    if (isClient) {
      body = Buffer.from(payload)
      applyMask(body, 0, body.length, key)
    }
    outbox.hold()
    try {
      await stream.sendv([header, body])
    } finally {
      outbox.release()
    }
  }
}

/** Into the sendScratch, from its beginning: where it ends. */
function encodeBytes(bytes: Uint8Array, first: number, isMasked: boolean): number {
  const key = isMasked ? randomKey() : 0
  const from = writeHeader(sendScratch, 0, first, bytes.length, isMasked, key)
  sendScratch.set(bytes, from)
  const end = from + bytes.length
  if (isMasked) applyMask(sendScratch, from, end, key)
  return end
}

/** As `encodeBytes`, of text whose length is `length`, or unknown where it is short. */
function encodeText(text: string, length: number, isMasked: boolean): number {
  const key = isMasked ? randomKey() : 0
  if (text.length <= SHORT_TEXT) {
    const from = isMasked ? 6 : 2
    const written = sendScratch.write(text, from, 'utf8')
    writeHeader(sendScratch, 0, FINAL | TEXT, written, isMasked, key)
    if (isMasked) applyMask(sendScratch, from, from + written, key)
    return from + written
  }
  const from = writeHeader(sendScratch, 0, FINAL | TEXT, length, isMasked, key)
  // As many bytes as characters: it is ASCII.
  sendScratch.write(text, from, length === text.length ? 'latin1' : 'utf8')
  if (isMasked) applyMask(sendScratch, from, from + length, key)
  return from + length
}
