/** What the body of a response is, whether it comes as it was sent or is decoded: what is wrong with it is nobody's fault here, and has no status. */
import { checkInteger } from '@shrapnel/core/parts'
import { MessageBody } from '../body/message-body.js'
import { HttpError } from '../errors.js'
import type { HttpHeaders } from '../headers.js'
import { withFacts } from './failures.js'
import { type ExchangeSettings, MAX_COLLECTED_BYTES } from './settings.js'

/** Which response a body is of. */
export interface BodyOrigin {
  readonly url: string
  readonly headers: HttpHeaders
}

export abstract class IncomingBody extends MessageBody {
  protected readonly settings: ExchangeSettings
  protected readonly origin: BodyOrigin

  constructor(settings: ExchangeSettings, origin: BodyOrigin) {
    super()
    this.settings = settings
    this.origin = origin
  }

  /** Drops the rest: what little is left is received without anybody waiting, more than `maxDrainBytes` closes the connection. */
  abstract discard(): void

  get contentType(): string | undefined {
    return this.origin.headers.get('content-type')
  }

  /** Whoever leaves the loop early wants no more of it. */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    this.checkUnused()
    try {
      for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) yield bytes
    } catch (error) {
      this.close()
      throw error
    } finally {
      if (!this.isFinished) this.discard()
    }
  }

  override blame(error: unknown): unknown {
    return blameResponse(error, this.origin.url)
  }

  /** How much may be gathered at once. */
  protected mostOf(maxBytes: number | undefined): number {
    if (maxBytes !== undefined) return checkInteger('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER)
    const { maxResponseBytes } = this.settings
    return maxResponseBytes === Number.POSITIVE_INFINITY ? MAX_COLLECTED_BYTES : maxResponseBytes
  }

  /** `maxBytes`: what whoever gathers it has said, if anything. */
  protected tooLong(maxBytes?: number): HttpError {
    return tooLong(maxBytes === undefined ? 'maxResponseBytes' : 'maxBytes', this.origin.url)
  }

  protected dropped(): HttpError {
    return new HttpError('HTTP_CUT', 'the body was closed', { phase: 'body', url: this.origin.url })
  }
}

/** What is wrong with what came: with where it came from in place of a status. */
export function blameResponse(error: unknown, url: string): unknown {
  return error instanceof HttpError && error.phase === undefined
    ? withFacts(error, { phase: 'body', url })
    : error
}

export function tooLong(limit: string, url: string): HttpError {
  const text = `the body of the response is longer than ${limit} allows`
  return new HttpError('HTTP_LIMIT', text, { limit, phase: 'body', url })
}
