/** What `sessions` may be told. */
import { checkDuration, checkInteger, checkOptionNames, checkOptions, wrongType } from '@shrapnel/core/parts'
import { setCookie } from './cookies.js'

export interface SessionOptions {
  /** `session` unless given. */
  readonly cookieName?: string
  /** Below which paths the cookie is sent. `/` unless given. */
  readonly cookiePath?: string
  /** `lax` unless given. */
  readonly sameSite?: 'strict' | 'lax'
  /**
   * Whether the cookie is sent over TLS alone. Where the request came over TLS unless given; behind a proxy
   * that speaks TLS say true.
   */
  readonly secure?: boolean
  /**
   * How long a session waits for a request; then its iteration ends. 1,800,000 (half an hour) unless given.
   */
  readonly idleTimeoutMs?: number
  /**
   * Sessions at a time. For one more, the oldest whose client never came back with its cookie has to end; if
   * there is none, the answer is 503. 10,000 unless given.
   */
  readonly maxSessions?: number
  /**
   * How long a request waits for its answer, from when it came; then it is answered with 503, `respond` gives false, and the error goes to
   * the server's `onError`. 60,000 unless given; longer, or `Infinity`, for a session that answers when something happens.
   */
  readonly answerTimeoutMs?: number
  /** Requests of one session that wait for their turn; more are answered with 503. 16 unless given. */
  readonly maxQueuedRequests?: number
}

export interface SessionSettings {
  readonly cookieName: string
  readonly cookiePath: string
  readonly sameSite: 'strict' | 'lax'
  readonly secure: boolean | undefined
  readonly idleTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly maxSessions: number
  readonly maxQueuedRequests: number
}

const OPTIONS = new Set([
  'cookieName', 'cookiePath', 'sameSite', 'secure', 'idleTimeoutMs', 'answerTimeoutMs', 'maxSessions',
  'maxQueuedRequests',
]) // biome-ignore format: a table
const MOST = 2 ** 31
const DEFAULT_IDLE_MS = 30 * 60_000
const DEFAULT_GRACE_MS = 10_000

export function sessionSettings(options: SessionOptions): SessionSettings {
  checkOptionNames(options, OPTIONS)
  const { cookieName = 'session', cookiePath = '/', sameSite = 'lax', secure } = options
  if (secure !== undefined && typeof secure !== 'boolean') throw wrongType('secure', 'true or false', secure)
  // What cannot be set is found out here, and not with the first request.
  setCookie(cookieName, '', { path: cookiePath, sameSite, secure: secure ?? true })
  return {
    cookieName,
    cookiePath,
    sameSite,
    secure,
    idleTimeoutMs: checkDuration('idleTimeoutMs', options.idleTimeoutMs ?? DEFAULT_IDLE_MS),
    answerTimeoutMs: checkDuration('answerTimeoutMs', options.answerTimeoutMs ?? 60_000),
    maxSessions: checkInteger('maxSessions', options.maxSessions ?? 10_000, 1, MOST),
    maxQueuedRequests: checkInteger('maxQueuedRequests', options.maxQueuedRequests ?? 16, 1, MOST),
  }
}

export function graceOf(options: { readonly graceMs?: number }): number {
  checkOptions(options)
  return checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
}
