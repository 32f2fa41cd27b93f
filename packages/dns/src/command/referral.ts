/** A message that says who knows more: which zone, and its servers, as far as it leads on. */
import type { RecordOf } from '../resolution.js'
import { isSubdomain, type Message, nameKey, type ResourceRecord, sameName } from '../wire/index.js'

export interface NameServer {
  readonly name: string
  /** Undefined: the message does not say. */
  readonly addresses: readonly string[] | undefined
}

export interface Referral {
  readonly zone: string
  readonly servers: readonly NameServer[]
}

/** More than any zone has; each costs a query. */
const MAX_SERVERS = 26

/**
 * Where `message`, an answer from `zone`'s servers to a question for `name`, refers to: a zone below `zone` that `name` is in. Undefined:
 * it does not, or not towards the name; who follows such a thing goes round in circles.
 */
export function referral(message: Message, name: string, zone: string): Referral | undefined {
  if (message.rcode !== 'NOERROR' || message.answers.length > 0) return undefined
  const servers = message.authorities.filter(isNameServer)
  const [first] = servers
  if (first === undefined || message.authorities.some(({ type }) => type === 'SOA')) return undefined
  const child = first.name
  if (!isSubdomain(child, zone) || sameName(child, zone) || !isSubdomain(name, child)) return undefined
  const names = new Set(
    servers.filter((each) => sameName(each.name, child)).map(({ data }) => nameKey(data.target)),
  )
  return {
    zone: child,
    servers: [...names]
      .slice(0, MAX_SERVERS)
      .map((server) => ({ name: server, addresses: glueOf(server, message) })),
  }
}

/** IPv4 first: it is what every machine has. */
function glueOf(server: string, { additionals }: Message): readonly string[] | undefined {
  const own = additionals.filter((record) => sameName(record.name, server))
  const addresses = [...addressesIn(own, 'A'), ...addressesIn(own, 'AAAA')]
  return addresses.length === 0 ? undefined : addresses
}

export function addressesIn(records: readonly ResourceRecord[], type: 'A' | 'AAAA'): string[] {
  return records.flatMap((record) =>
    record.type === type ? [(record as RecordOf<'A' | 'AAAA'>).data.address] : [],
  )
}

function isNameServer(record: ResourceRecord): record is RecordOf<'NS'> {
  return record.type === 'NS'
}
