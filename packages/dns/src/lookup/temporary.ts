/** A failure that may pass, as getaddrinfo names it, with all that is known of it. */
import { DnsError, type DnsFacts } from '../errors.js'

export function temporary(text: string, failure: DnsError, facts: DnsFacts): DnsError {
  const { server, attempts, extendedError, reply } = failure
  return new DnsError('EAI_AGAIN', `${text}: ${failure.message}`, {
    server,
    attempts,
    extendedError,
    reply,
    cause: failure,
    ...facts,
  })
}
