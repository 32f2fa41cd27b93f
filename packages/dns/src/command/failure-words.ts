/** Errors in words for whoever typed the command, and the exit code that they mean. */
import { TimeoutError } from '@shrapnel/core'
import { DnsError, type DnsErrorCode } from '../errors.js'
import type { Reply } from '../resolution.js'
import { TraceError } from './trace.js'
import { EXIT } from './usage.js'

/** A server said so. */
const REFUSALS: ReadonlySet<DnsErrorCode> = new Set([
  'ESERVFAIL',
  'EREFUSED',
  'EFORMERR',
  'ENOTIMP',
  'ERCODE',
])

export interface Failure {
  readonly code: string
  readonly text: string
  readonly exitCode: number
  /** What the server said, if it said anything that can be read. */
  readonly reply: Reply | undefined
}

export function failureOf(error: unknown): Failure {
  if (error instanceof TimeoutError)
    return {
      code: 'ETIMEOUT',
      text: `no reply within ${error.timeoutMs} ms`,
      exitCode: EXIT.NO_REPLY,
      reply: undefined,
    }
  if (error instanceof DnsError) {
    const attempts = error.attempts ?? []
    const text =
      attempts.length === 0
        ? wordsOf(error)
        : attempts.map(({ server, error: why }) => attemptWords(server, why)).join('; ')
    const exitCode = REFUSALS.has(error.code) ? EXIT.REFUSED : EXIT.NO_REPLY
    return { code: error.code, text, exitCode, reply: error.reply }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'ERROR'
  const text = error instanceof Error ? error.message : String(error)
  return {
    code: error instanceof TraceError ? error.code : code,
    text,
    exitCode: EXIT.NO_REPLY,
    reply: undefined,
  }
}

function attemptWords(server: string, error: unknown): string {
  const words = wordsOf(error)
  return words.includes(server) ? words : `${server}: ${words}`
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { extendedError } = error instanceof DnsError ? error : { extendedError: undefined }
  if (extendedError === undefined) return error.message
  const { infoCode, text } = extendedError
  return `${error.message} (extended error ${infoCode}${text === '' ? '' : `: ${text}`})`
}
