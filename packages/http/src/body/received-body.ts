/**
 * What every body that comes in can do on top of receiving: text, JSON, iteration. What it can not is send. Bodies of requests
 * and of parts are these.
 */
import type { Awaitable } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import type { FormLimits } from '../form/limits.js'
import type { FormParts } from '../form/parts.js'
import type { Body } from '../message.js'
import { decodeText, parseJson } from './body-text.js'

const RECV_BYTES = 65_536

export abstract class ReceivedBody implements Body {
  abstract readonly length: number | undefined
  abstract readonly isFinished: boolean
  abstract readonly isClosed: boolean
  /** @internal */
  abstract readonly contentType: string | undefined
  abstract recv(max?: number): Awaitable<Buffer>
  abstract bytes(options?: { readonly maxBytes?: number }): Promise<Buffer>
  abstract parts(options?: FormLimits): FormParts
  abstract formData(options?: FormLimits): Promise<FormData>
  abstract close(): void

  async text(options?: { readonly maxBytes?: number }): Promise<string> {
    return decodeText(await this.bytes(options), this.contentType)
  }

  async json<T = unknown>(options?: { readonly maxBytes?: number }): Promise<T> {
    return parseJson<T>(await this.bytes(options))
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
    for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) yield bytes
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

function readOnly(): HttpError {
  return new HttpError('HTTP_READ_ONLY', 'the body of a request can only be received')
}
