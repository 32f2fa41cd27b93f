/** Replies that are no answer: what a server says instead, as an error. */
import { DnsError, type DnsErrorCode } from '../errors.js'
import { extendedErrorOf } from '../extended-error.js'
import type { Reply } from '../resolution.js'
import type { Message, Question } from '../wire/index.js'
import type { Server } from './server.js'

const CODES: Readonly<Record<string, DnsErrorCode>> = {
  SERVFAIL: 'ESERVFAIL',
  REFUSED: 'EREFUSED',
  FORMERR: 'EFORMERR',
  NOTIMP: 'ENOTIMP',
}

/** Undefined: it is an answer, if only that there is nothing (NXDOMAIN). */
export function refusalOf(reply: Reply, question: Question, server: Server): DnsError | undefined {
  const { message } = reply
  const { rcode } = message
  const isAnswer = rcode === 'NOERROR' || rcode === 'NXDOMAIN'
  if (isAnswer && !(server.settings.recursionDesired && isReferral(message))) return undefined
  const { name, type } = question
  const says = isAnswer ? 'only refers to other servers' : `says ${rcode}`
  const code = isAnswer ? 'EBADRESP' : (CODES[rcode] ?? 'ERCODE')
  return new DnsError(code, `${server.address.name} ${says}, asked for ${name} ${type}`, {
    hostname: name,
    type,
    server: server.address.name,
    extendedError: extendedErrorOf(message),
    reply,
  })
}

/** From a server that does not recurse, and was asked to. */
function isReferral({ recursionAvailable, isAuthoritative, answers, authorities, rcode }: Message): boolean {
  return (
    rcode === 'NOERROR' &&
    !recursionAvailable &&
    !isAuthoritative &&
    answers.length === 0 &&
    authorities.some(({ type }) => type === 'NS')
  )
}
