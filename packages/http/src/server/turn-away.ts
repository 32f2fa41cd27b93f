/** What connections are told that are not served: that there are too many, or that this port speaks TLS. */
import {
  Interrupted,
  isDisconnect,
  type SocketAddress,
  type Stream,
  spawn,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import { HttpError } from '../errors.js'
import { reasonOf } from '../wire/status.js'
import { tellRefused } from './handler-failure.js'
import type { ConnectionSettings } from './options.js'

/** So many may linger: a flood costs a write and no more. */
const MOST_LINGERING = 64

export class TurningAway {
  readonly #settings: ConnectionSettings
  #lingering = 0

  constructor(settings: ConnectionSettings) {
    this.#settings = settings
  }

  /** Too many connections: says so without waiting for anybody. */
  tooMany(stream: Stream & { readonly remoteAddress?: SocketAddress | undefined }): void {
    const error = new HttpError('HTTP_LIMIT', 'there are more connections than maxConnections allows', {
      status: 503,
      limit: 'maxConnections',
    })
    tellRefused(error, stream.remoteAddress, this.#settings)
    const lingers = this.#lingering < MOST_LINGERING
    const name = 'http, turning away'
    spawn({ name, daemon: true }, () => this.#tell(stream, error, lingers))
  }

  /** Plain HTTP on a port of HTTPS. Its first bytes are gone, and the answer is the same whatever they were. */
  async plainHttp(stream: Stream & { readonly remoteAddress?: SocketAddress | undefined }): Promise<void> {
    const error = new HttpError('HTTP_SYNTAX', 'a plain HTTP request was sent to a port of HTTPS', {
      status: 400,
    })
    tellRefused(error, stream.remoteAddress, this.#settings)
    await this.#tell(stream, error, true)
  }

  /** Drops what still comes, so that the answer is read: closing before that would reset the connection. */
  async #tell(stream: Stream, { status = 400, message }: HttpError, lingers: boolean): Promise<void> {
    const head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n`
    const text = `${head}Content-Length: ${message.length + 1}\r\nConnection: close\r\n\r\n${message}\n`
    this.#lingering++
    try {
      await withTimeout(this.#settings.lingerTimeoutMs, async () => {
        await stream.send(text)
        if (!lingers) return
        await stream.shutdown()
        while ((await stream.recv()).length > 0);
      })
    } catch (error) {
      if (!isDisconnect(error) && !(error instanceof TimeoutError) && !(error instanceof Interrupted))
        throw error
    } finally {
      this.#lingering--
      stream.close()
    }
  }
}
