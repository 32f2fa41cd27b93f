/** What a body failed with, for applications: Hono, among others, asks an error what it would answer. */
import { HttpError } from '../errors.js'

class BodyError extends HttpError {
  getResponse(): Response {
    return new Response(`${this.message}\n`, { status: this.status ?? 400 })
  }
}

/** The same error with `getResponse`, if it has a status; any other as it is. */
export function answerable(error: unknown): unknown {
  if (!(error instanceof HttpError) || error.status === undefined) return error
  const { code, message, status, limit, cause } = error
  return new BodyError(code, message, { status, ...(limit === undefined ? {} : { limit }), cause })
}
