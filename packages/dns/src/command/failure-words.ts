/** Errors in words for whoever typed the command, and the exit code that they mean. */
import { TimeoutError } from '@shrapnel/core'
import { DnsError, type DnsErrorCode } from '../errors.js'
import { TraceError } from './trace.js'
import { EXIT } from './usage.js'

/** A server said so. */
const REFUSALS: ReadonlySet<DnsErrorCode> = new Set(['ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'ERCODE'])

export interface Failure {
  readonly code: string
  readonly text: string
  readonly exitCode: number
}

export function failureOf(error: unknown): Failure {
  if (error instanceof TimeoutError)
    return { code: 'ETIMEOUT', text: `no reply within ${error.timeoutMs} ms`, exitCode: EXIT.NO_REPLY }
  if (error instanceof DnsError) {
    const { extendedError } = error
    const beside =
      extendedError === undefined ? '' : ` (extended error ${extendedError.infoCode}${extendedError.text && `: ${extendedError.text}`})`
    const isRefusal = REFUSALS.has(error.code)
    return {
      code: error.code,
      text: `${error.message}${beside}${isRefusal ? '' : causeOf(error)}`,
      exitCode: isRefusal ? EXIT.REFUSED : EXIT.NO_REPLY,
    }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'ERROR'
  const text = error instanceof Error ? error.message : String(error)
  return { code: error instanceof TraceError ? error.code : code, text, exitCode: EXIT.NO_REPLY }
}

/** What the system or TLS said, which the error of the package only sums up. */
function causeOf(error: Error): string {
  const seen = new Set<unknown>([error])
  let last: unknown = error
  while (last instanceof Error && last.cause !== undefined && !seen.has(last.cause)) {
    last = last.cause
    seen.add(last)
  }
  return last === error || !(last instanceof Error) ? '' : `: ${last.message}`
}
