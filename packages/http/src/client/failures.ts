/** The errors of requests. */
import { HttpError, type HttpErrorFacts } from '../errors.js'

export function timedOut(limit: string, facts: HttpErrorFacts): HttpError {
  return new HttpError('HTTP_TIMEOUT', `it took longer than ${limit} allows`, { ...facts, limit })
}

export function cut(text: string, facts: HttpErrorFacts): HttpError {
  return new HttpError('HTTP_CUT', text, facts)
}

export function clientClosed(facts: HttpErrorFacts = {}): HttpError {
  return new HttpError('HTTP_CLOSED', 'the client is closed', facts)
}

/** What the parser said, with what the request knows. */
export function withFacts(error: unknown, facts: HttpErrorFacts): unknown {
  if (!(error instanceof HttpError)) return error
  return new HttpError(error.code, error.message, { limit: error.limit, cause: error.cause, ...facts })
}
