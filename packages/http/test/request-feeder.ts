/** Feeds heads to the parsers as a connection does: piece by piece, parsing when it is worth it. */

import { HttpHeaders } from '../src/headers.js'
import {
  DEFAULT_HEAD_LIMITS,
  HeadEnd,
  type HeadLimits,
  RequestHead,
  ResponseHead,
} from '../src/wire/index.js'

interface Parser {
  parse(bytes: Buffer, from: number, to: number, limits: HeadLimits): boolean
  readonly to: number
}

class Feeder<Message> {
  readonly #parser: Parser
  readonly #limits: HeadLimits
  readonly #describe: (bytes: Buffer) => Message
  #bytes: Buffer = Buffer.alloc(0)
  #end: HeadEnd | null = null

  constructor(parser: Parser, limits: HeadLimits, describe: (bytes: Buffer) => Message) {
    this.#parser = parser
    this.#limits = limits
    this.#describe = describe
  }

  push(chunk: Uint8Array): Message[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const messages: Message[] = []
    while (this.#bytes.length > 0) {
      const { length } = this.#bytes
      const isWorth = this.#end?.isWorthParsing(this.#bytes, 0, length) ?? true
      if (!isWorth && length < this.#limits.maxHeadBytes) break
      if (!this.#parser.parse(this.#bytes, 0, length, this.#limits)) {
        if (this.#end === null) {
          this.#end = new HeadEnd()
          this.#end.isWorthParsing(this.#bytes, 0, length)
        }
        break
      }
      this.#end = null
      messages.push(this.#describe(this.#bytes))
      this.#bytes = this.#bytes.subarray(this.#parser.to)
    }
    return messages
  }

  end(): void {
    if (this.#bytes.length > 0) throw new Error(`${this.#bytes.length} bytes are left`)
  }
}

export interface FedRequest {
  readonly line: string
  readonly fields: readonly (readonly [string, string])[]
  readonly length: number
  readonly isChunked: boolean
}

export function requestFeeder(limits: HeadLimits = DEFAULT_HEAD_LIMITS): Feeder<FedRequest> {
  const head = new RequestHead()
  return new Feeder(head, limits, (bytes) => ({
    line: bytes.toString('latin1', head.from, head.fieldsFrom - 2),
    fields: [...HttpHeaders.fromWire(bytes.toString('latin1', head.fieldsFrom, head.to), 0)],
    length: head.framing.contentLength,
    isChunked: head.framing.isChunked,
  }))
}

export interface FedResponse {
  readonly status: number
  readonly reason: string
  readonly fields: readonly (readonly [string, string])[]
  readonly bodyLength: number
  readonly keepsAlive: boolean
}

export function responseFeeder(
  limits: HeadLimits = DEFAULT_HEAD_LIMITS,
  method = 'GET',
): Feeder<FedResponse> {
  const head = new ResponseHead()
  return new Feeder(head, limits, (bytes) => ({
    status: head.status,
    reason: head.reason(bytes),
    fields: [...head.headers(bytes)],
    bodyLength: head.bodyLength(method),
    keepsAlive: head.keepsAlive,
  }))
}
