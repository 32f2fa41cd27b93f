/**
 * A page that shows every coroutine: what it waits on, how old it is, what it cost. For this machine alone
 * unless told otherwise, as it says much about the program.
 */
import type { Awaitable } from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { Handler, HttpRequest, HttpResponse } from '../message.js'
import { isFromLoopback } from './loopback.js'
import { forbidden, methodNotAllowed } from './responses.js'
import { STATUS_POLICY, statusHtml } from './status-html.js'
import { statusReport } from './status-report.js'

export interface StatusPageOptions {
  /**
   * Who may see it. Unless given: requests with a loopback peer, for a loopback name, that say nothing of a
   * proxy.
   */
  readonly allow?: (request: HttpRequest) => Awaitable<boolean>
  /** How often a browser loads it again, in seconds; 0: never. 5 unless given. */
  readonly refreshSeconds?: number
  /** Coroutines that are shown. 1,000 unless given. */
  readonly maxRows?: number
  /** `Status` unless given. */
  readonly title?: string
}

const OPTIONS = new Set(['allow', 'refreshSeconds', 'maxRows', 'title'])
const COMMON = {
  'Cache-Control': 'no-store',
  Vary: 'Accept',
  'X-Content-Type-Options': 'nosniff',
}
const HTML = Object.freeze({
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': STATUS_POLICY,
  'Referrer-Policy': 'no-referrer',
  ...COMMON,
})
const JSON_TYPE = Object.freeze({ 'Content-Type': 'application/json', ...COMMON })

/** A handler for GET: HTML, or JSON for who accepts that and not HTML. Others than those allowed get 403. */
export function statusPage(options: StatusPageOptions = {}): Handler {
  checkOptionNames(options, OPTIONS)
  const { allow = isFromLoopback, title = 'Status' } = options
  checkFunction('allow', allow)
  if (typeof title !== 'string') throw wrongType('title', 'text', title)
  const refreshSeconds = checkInteger('refreshSeconds', options.refreshSeconds ?? 5, 0, 86_400)
  const maxRows = checkInteger('maxRows', options.maxRows ?? 1_000, 1, 1_000_000)
  return async (request): Promise<HttpResponse> => {
    if ((await allow(request)) !== true) return forbidden()
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed(['GET', 'HEAD'])
    const report = statusReport(title, maxRows)
    return wantsJson(request)
      ? { status: 200, headers: JSON_TYPE, body: `${JSON.stringify(report)}\n` }
      : { status: 200, headers: HTML, body: statusHtml(report, refreshSeconds) }
  }
}

function wantsJson({ headers }: HttpRequest): boolean {
  const accept = (headers.get('accept') ?? '').toLowerCase()
  return accept.includes('application/json') && !accept.includes('text/html')
}
