/**
 * What every body that comes in can do on top of receiving: text, JSON, iteration, all of it once. What it can not is send. Bodies
 * of requests, of responses and of parts are these.
 */
import type { Awaitable } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import type { FormLimits } from '../form/limits.js'
import type { FormParts } from '../form/parts.js'
import type { Body } from '../message.js'
import { decodeText, parseJson } from './body-text.js'

const RECV_BYTES = 65_536

/** How much of a body somebody wants at once. */
export interface Collecting {
  readonly maxBytes?: number
}

export abstract class ReceivedBody implements Body {
  abstract readonly length: number | undefined
  abstract readonly isFinished: boolean
  abstract readonly isClosed: boolean
  /** There was something, and somebody has it all: whoever asks for it now would take nothing for what came. @internal */
  abstract readonly isUsed: boolean
  /** @internal */
  abstract readonly contentType: string | undefined
  abstract recv(max?: number): Awaitable<Buffer>
  /** All that is still to come. */
  protected abstract collect(options: Collecting): Awaitable<Buffer>
  abstract parts(options?: FormLimits): FormParts
  abstract formData(options?: FormLimits): Promise<FormData>
  abstract close(): void

  bytes(options: Collecting = {}): Promise<Buffer> {
    try {
      this.checkUnused()
      return Promise.resolve(this.collect(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async text(options?: Collecting): Promise<string> {
    const bytes = await this.bytes(options)
    try {
      return decodeText(bytes, this.contentType)
    } catch (error) {
      throw this.blame(error)
    }
  }

  async json<T = unknown>(options?: Collecting): Promise<T> {
    const bytes = await this.bytes(options)
    try {
      return parseJson<T>(bytes)
    } catch (error) {
      throw this.blame(error)
    }
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return this.#recvInto(target)
  }

  async #recvInto(target: Uint8Array): Promise<number> {
    if (target.length === 0) return 0
    const bytes = await this.recv(Math.min(target.length, RECV_BYTES))
    target.set(bytes)
    return bytes.length
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    this.checkUnused()
    for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) yield bytes
  }

  /** What is wrong with what came, as whoever reads it should see it: of a request it is the client's fault, and has a status. @internal */
  blame(error: unknown): unknown {
    return error
  }

  protected checkUnused(): void {
    if (this.isUsed) throw bodyUsed()
  }

  send(): Promise<never> {
    return Promise.reject(readOnly())
  }

  sendv(): Promise<never> {
    return Promise.reject(readOnly())
  }

  shutdown(): Promise<never> {
    return Promise.reject(readOnly())
  }
}

export function bodyUsed(): HttpError {
  return new HttpError('HTTP_BODY_USED', 'the body was read already: its bytes come once')
}

function readOnly(): HttpError {
  return new HttpError('HTTP_READ_ONLY', 'a body that came can only be received')
}
