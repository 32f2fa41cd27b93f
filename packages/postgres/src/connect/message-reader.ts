/**
 * Receives one message after another while nobody pipelines: start-up, authentication, the question what a server is. What has come beyond
 * the last message stays in the cutter.
 */
import type { Stream } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import { type BackendMessage, decodeBackendMessage, MessageCutter } from '../wire/index.js'

export class MessageReader {
  readonly stream: Stream
  readonly cutter: MessageCutter

  constructor(stream: Stream, maxMessageBytes: number) {
    this.stream = stream
    this.cutter = new MessageCutter({ maxMessageBytes })
  }

  /** Waits for a whole message. Fails with PG_CONNECT at the end of the stream, and with what the wire throws. */
  async next(): Promise<BackendMessage> {
    while (!this.cutter.next()) this.cutter.push(await this.receive())
    const { type, bytes, from, to } = this.cutter
    return decodeBackendMessage(type, bytes, from, to)
  }

  /** Waits for bytes, past the cutter. */
  async receive(): Promise<Buffer> {
    const chunk = await this.stream.recv()
    if (chunk.length > 0) return chunk
    const where = this.cutter.isInside ? ' in the middle of a message,' : ''
    throw new PostgresError('PG_CONNECT', `the server closed the connection${where} before it was ready`, {
      safeToRetry: true,
    })
  }
}
