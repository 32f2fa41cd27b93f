/** Access logs: one line for each request, when it is over. */
import { Interrupted, now, type SocketAddress } from '@shrapnel/core'
import { checkFunction, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { isBodiless } from '../wire/status.js'
import { authenticatedUser } from './authenticated-user.js'
import { countBody, knownLength } from './counted-body.js'
import { invalidValue } from './invalid-value.js'
import { type AccessLogEntry, type AccessLogFormat, formatEntry, formatRefusal } from './log-entry.js'
import { LogFile } from './log-file.js'

export interface AccessLogOptions {
  /**
   * `common`, `combined` (with Referer and User-Agent) or `json`, one object a line. `combined` unless given.
   */
  readonly format?: AccessLogFormat
  /** Gets each line with its line end, or a LogFile for them. Standard output unless given. */
  readonly write?: ((line: string) => void) | LogFile
  /** Which of them are written; all unless given. */
  readonly filter?: (entry: AccessLogEntry) => boolean
}

/** Middleware, and what logs requests that never came to any. */
export interface AccessLog extends Middleware {
  /** For the option `onRefused` of `serve`. */
  readonly refused: (error: HttpError, peer: SocketAddress | undefined) => void
}

const OPTIONS = new Set(['format', 'write', 'filter'])
const FORMATS = ['common', 'combined', 'json']
/** What nginx says of a client that went away before there was an answer. */
const CLIENT_WENT = 499

/**
 * Middleware that writes a line for each request, when its answer is made, or for one of pieces or a file
 * when that is sent. `sentBytes` is what the body has, without what frames it. A client that went away first
 * is logged with 499, or as `broken` where it had a part of the answer. To be the outermost middleware.
 */
export function accessLog(options: AccessLogOptions = {}): AccessLog {
  checkOptionNames(options, OPTIONS)
  const { format = 'combined', filter } = options
  if (!FORMATS.includes(format)) throw invalidValue('format', 'is none of common, combined and json', format)
  if (filter !== undefined) checkFunction('filter', filter)
  const write = writerOf(options.write)

  const log = (request: HttpRequest, status: number, sentBytes: number, isBroken = false): void => {
    const durationMs = Math.max(0, now() - request.receivedAt)
    const timeMs = Date.now() - durationMs
    const user = authenticatedUser(request)
    const entry = { request, status, sentBytes, durationMs, timeMs, isBroken, user }
    if (filter?.(entry) !== false) write(formatEntry(entry, format))
  }

  const answered = (request: HttpRequest, response: HttpResponse): HttpResponse => {
    const { status = 200 } = response
    const isBare = request.method === 'HEAD' || isBodiless(status)
    const later = countBody(response, isBare, (sentBytes, isWhole) =>
      log(request, status, sentBytes, !isWhole),
    )
    if (later !== null) return later
    log(request, status, isBare ? 0 : knownLength(response.body))
    return response
  }

  const failed = (request: HttpRequest, error: unknown): never => {
    if (error instanceof Interrupted) log(request, CLIENT_WENT, 0, true)
    else log(request, error instanceof HttpError ? (error.status ?? 500) : 500, 0)
    throw error
  }

  const middleware: Middleware = (request, next) => {
    try {
      const response = next(request)
      if (!(response instanceof Promise)) return answered(request, response)
      return response.then(
        (later) => answered(request, later),
        (error) => failed(request, error),
      )
    } catch (error) {
      return failed(request, error)
    }
  }
  return Object.assign(middleware, {
    refused: (error: HttpError, peer: SocketAddress | undefined) =>
      write(formatRefusal(error.status ?? 400, error.code, peer, format)),
  })
}

function writerOf(write: AccessLogOptions['write']): (line: string) => void {
  if (write === undefined) {
    const output = new LogFile(1)
    return (line) => output.write(line)
  }
  if (write instanceof LogFile) return (line) => write.write(line)
  if (typeof write !== 'function') throw wrongType('write', 'a function or a LogFile', write)
  return write
}
