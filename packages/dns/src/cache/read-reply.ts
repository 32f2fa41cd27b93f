/**
 * What a reply says about the question it answers, and only that. Records are taken if they are in the answer section, of the class
 * asked for, and of the name asked for or one that its aliases lead to; all else is not looked at, whatever section it is in
 * (RFC 2181, 5.4.1; RFC 5452, 6). The order of records means nothing: servers differ in where they put the aliases.
 */
import { DnsError } from '../errors.js'
import { extendedErrorOf } from '../extended-error.js'
import type { Reply } from '../resolution.js'
import {
  isSubdomain,
  MAX_TTL_SECONDS,
  type Message,
  nameKey,
  type Question,
  type ResourceRecord,
} from '../wire/index.js'
import type { Denial, Finding } from './entry.js'

type Alias = ResourceRecord & { readonly type: 'CNAME' }
type Soa = ResourceRecord & { readonly type: 'SOA' }

/** What may stand beside an alias (RFC 2181, 10.1; RFC 4034): records of DNSSEC, SIG and KEY of the old one among them, which are about the alias itself. */
const BESIDE_ALIASES: ReadonlySet<string> = new Set(['CNAME', 'RRSIG', 'NSEC', 'TYPE24', 'TYPE25'])

/**
 * Reads a reply to `question`. A DnsError (`EBADRESP`, `ESERVFAIL`) if it contradicts itself, goes round in circles, is no answer, or has more
 * aliases than `maxAliases`.
 */
export function readReply(question: Question, reply: Reply, maxAliases: number): Finding {
  const { message, server } = reply
  if (message.rcode !== 'NOERROR' && message.rcode !== 'NXDOMAIN')
    throw badReply(question, server, `a reply with ${message.rcode}`)
  const { aliases, last, records } = follow(question, reply, maxAliases)
  const isMissing = message.rcode === 'NXDOMAIN'
  if (records.length > 0) {
    if (isMissing) throw badReply(question, server, 'records of a name that is said not to be')
    return finding('positive', records, aliases, last, shortest([...aliases, ...records]))
  }
  const soa = authorityOver(last, question, message)
  // Without a SOA the server has merely stopped, and somebody has to ask for the rest (RFC 2308, 2.2).
  if (!isMissing && soa === undefined && aliases.length > 0)
    return finding('alias', [], aliases, last, shortest(aliases))
  if (!isMissing && soa === undefined && isReferral(message))
    throw badReply(question, server, 'a referral to other servers, as of one that asks nobody itself')
  // RFC 2308, 5: the smaller one of the two, and nothing is remembered without.
  const ttl = soa === undefined ? 0 : Math.min(shortest([...aliases, soa]), validTtl(soa.data.minimum))
  return {
    ...finding('negative', [], aliases, last, ttl),
    denial: denialOf(isMissing, question, last, aliases.length > 0, reply),
    // RFC 6604, 2: after aliases, it is the last name that is not.
    coversName: isMissing && aliases.length === 0,
  }
}

function finding(
  kind: Finding['kind'],
  records: readonly ResourceRecord[],
  aliases: readonly ResourceRecord[],
  canonicalName: string,
  ttlSeconds: number,
): Finding {
  return { kind, records, aliases, canonicalName, denial: undefined, coversName: false, ttlSeconds }
}

/** From the name asked for along its aliases: to records, or to where the reply knows no more. */
function follow(question: Question, { message, server }: Reply, maxAliases: number) {
  const answers = byName(message.answers, question.class)
  const aliases: Alias[] = []
  const seen = new Set<string>()
  let last = question.name
  for (;;) {
    const key = nameKey(last)
    if (seen.has(key)) throw circle(question, aliases, last, server)
    seen.add(key)
    const here = answers.get(key) ?? []
    const records = distinct(here.filter(({ type }) => type === question.type))
    const alias = BESIDE_ALIASES.has(question.type) ? undefined : onlyAlias(here, question, server)
    if (alias === undefined || records.length > 0) {
      if (alias !== undefined) throw badReply(question, server, `both records and an alias of ${last}`)
      return { aliases, last, records: records.map((record) => named(record, last)) }
    }
    if (aliases.length === maxAliases) throw tooManyAliases(question, maxAliases, server)
    aliases.push(named(alias, last))
    last = alias.data.target
  }
}

/** Owners are spelt as they were asked for, and not as the question was on its way, whose case may have been mixed against forgers. */
function named<Kind extends ResourceRecord>(record: Kind, name: string): Kind {
  return record.name === name ? record : { ...record, name }
}

function byName(answers: readonly ResourceRecord[], ofClass: string): ReadonlyMap<string, ResourceRecord[]> {
  const groups = new Map<string, ResourceRecord[]>()
  for (const record of answers) {
    if (record.class !== ofClass) continue
    const key = nameKey(record.name)
    const others = groups.get(key)
    if (others === undefined) groups.set(key, [record])
    else others.push(record)
  }
  return groups
}

function onlyAlias(here: readonly ResourceRecord[], question: Question, server: string): Alias | undefined {
  const [alias, ...others] = here.filter((record): record is Alias => record.type === 'CNAME')
  if (alias === undefined) return undefined
  const target = nameKey(alias.data.target)
  if (others.some(({ data }) => nameKey(data.target) !== target))
    throw badReply(question, server, `two aliases of ${alias.name}`)
  return alias
}

/** A record that is there twice is one (RFC 2181, 5). */
function distinct(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  if (records.length < 2) return records
  const seen = new Set<string>()
  return records.filter(({ data }) => {
    const text = JSON.stringify(data, (_, value) => (value instanceof Uint8Array ? [...value] : value))
    return !seen.has(text) && seen.add(text)
  })
}

/** The SOA of a zone that `name` is in. Another one says nothing about it. */
function authorityOver(name: string, question: Question, message: Message): Soa | undefined {
  return message.authorities.find(
    (record): record is Soa =>
      record.type === 'SOA' && record.class === question.class && isSubdomain(name, record.name),
  )
}

function isReferral({ isAuthoritative, authorities }: Message): boolean {
  return !isAuthoritative && authorities.some(({ type }) => type === 'NS')
}

function shortest(records: readonly ResourceRecord[]): number {
  return records.reduce((least, { ttl }) => Math.min(least, validTtl(ttl)), MAX_TTL_SECONDS)
}

/** RFC 2181, 8: one with the highest bit set is 0. */
function validTtl(ttl: number): number {
  return ttl >= 0 && ttl <= MAX_TTL_SECONDS ? Math.trunc(ttl) : 0
}

function denialOf(
  isMissing: boolean,
  { name, type }: Question,
  last: string,
  isAliased: boolean,
  { message, server }: Reply,
): Denial {
  const what = isMissing ? `there is no name ${last}` : `${last} has no ${type} records`
  const text = isAliased ? `${what}, of which ${name} is an alias` : what
  const code = isMissing ? 'ENOTFOUND' : 'ENODATA'
  return { code, text, server, extendedError: extendedErrorOf(message) }
}

function badReply({ name, type }: Question, server: string, what: string): DnsError {
  return new DnsError('EBADRESP', `${server} answered the question for ${name} ${type} with ${what}`, {
    hostname: name,
    type,
    server,
  })
}

/** The aliases come back to where they were (RFC 9520, 2.4: such a failure is remembered as any). */
export function circle(
  { name, type }: Pick<Question, 'name' | 'type'>,
  aliases: readonly ResourceRecord[],
  last: string,
  server?: string,
): DnsError {
  const way = [...aliases.map((alias) => alias.name), last].join(', ')
  return new DnsError('ESERVFAIL', `the aliases of ${name} go round in a circle: ${way}`, {
    hostname: name,
    type,
    server,
  })
}

export function tooManyAliases(
  { name, type }: Pick<Question, 'name' | 'type'>,
  maxAliases: number,
  server?: string,
): DnsError {
  return new DnsError(
    'ESERVFAIL',
    `${name} is an alias of an alias of …: more than ${maxAliases} (maxAliases)`,
    {
      hostname: name,
      type,
      server,
    },
  )
}
