/** One try to get in at one server: what is said, to whom, and what is known of the channel. */
import type { SocketAddress, Stream } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import { type BackendMessage, MessageWriter } from '../wire/index.js'
import { MessageReader } from './message-reader.js'
import type { OpenHooks, ResolvedConnect } from './resolved-connect.js'
import type { ServerPlace } from './server-place.js'

const FIRST_BLOCK_BYTES = 512

/** What a try goes over. */
export interface Channel {
  readonly stream: Stream
  /** Who is at the other end of a TCP connection. */
  readonly peer: SocketAddress | undefined
  readonly isEncrypted: boolean
  /** What SCRAM-SHA-256-PLUS binds to (RFC 5929, 4); undefined without TLS, and where the certificate has no hash for it. */
  readonly endPoint: Buffer | undefined
}

export class Login {
  readonly resolved: ResolvedConnect
  readonly place: ServerPlace
  readonly hooks: OpenHooks
  readonly stream: Stream
  readonly peer: SocketAddress | undefined
  readonly isEncrypted: boolean
  readonly endPoint: Buffer | undefined
  readonly reader: MessageReader
  readonly writer = new MessageWriter(FIRST_BLOCK_BYTES)
  /** The server has refused before anybody was let in: it may think otherwise with TLS, or without. */
  isRefused = false
  #messages = 0

  constructor(resolved: ResolvedConnect, place: ServerPlace, channel: Channel, hooks: OpenHooks) {
    this.resolved = resolved
    this.place = place
    this.hooks = hooks
    this.stream = channel.stream
    this.peer = channel.peer
    this.isEncrypted = channel.isEncrypted
    this.endPoint = channel.endPoint
    this.reader = new MessageReader(channel.stream, resolved.maxStartupMessageBytes)
  }

  /** Sends what is in the writer. */
  async send(): Promise<void> {
    await this.stream.send(this.writer.take())
  }

  /** Waits for the next message of the start-up. Throws PG_LIMIT if there are too many. */
  async next(): Promise<BackendMessage> {
    const { maxStartupMessages } = this.resolved
    this.#messages += 1
    if (this.#messages > maxStartupMessages) throw tooMany(maxStartupMessages)
    return this.reader.next()
  }
}

function tooMany(limit: number): PostgresError {
  const text = `the server sends more than maxStartupMessages (${limit}) before it is ready`
  return new PostgresError('PG_LIMIT', text, { limit: 'maxStartupMessages' })
}
