/** Replies that are no answer: what a server says instead, as an error. */
import { DnsError, type DnsErrorCode } from '../errors.js'
import type { Message, Question } from '../wire/index.js'
import type { Server } from './server.js'

const CODES: Readonly<Record<string, DnsErrorCode>> = {
  SERVFAIL: 'ESERVFAIL',
  REFUSED: 'EREFUSED',
  FORMERR: 'EFORMERR',
  NOTIMP: 'ENOTIMP',
}

/** Undefined: it is an answer, if only that there is nothing (NXDOMAIN). */
export function refusalOf(message: Message, question: Question, server: Server): DnsError | undefined {
  const { rcode, edns } = message
  const isAnswer = rcode === 'NOERROR' || rcode === 'NXDOMAIN'
  if (isAnswer && !(server.settings.recursionDesired && isReferral(message))) return undefined
  const { name, type } = question
  const says = isAnswer ? 'only refers to other servers' : `says ${rcode}`
  const extended = edns?.options.find((option) => option.option === 'EXTENDED-ERROR')
  const extendedError =
    extended?.option === 'EXTENDED-ERROR' ? { infoCode: extended.infoCode, text: extended.text } : undefined
  const code = isAnswer ? 'EBADRESP' : (CODES[rcode] ?? 'ERCODE')
  return new DnsError(code, `${server.address.name} ${says}, asked for ${name} ${type}`, {
    hostname: name,
    type,
    server: server.address.name,
    extendedError,
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
