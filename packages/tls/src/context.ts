/**
 * Contexts: certificates and keys, read once and shared by all connections that have the same. A few are remembered by what they
 * were made of, so that a client which connects again and again reads nothing twice. What is remembered is found by a hash: no key
 * stays in the memory of JavaScript for it.
 */
import { createHash, type Hash } from 'node:crypto'
import { checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { accepted } from './errors.js'
import { type IdentityParts, identityParts, useIdentity } from './identity.js'
import { type NativeContext, native } from './native.js'
import { type ClientOptions, type ServerOptions, type TicketOptions, versionNumber } from './options.js'
import { sharedTicketKeys, TicketKeys } from './ticket-keys.js'

/** Enough for the few identities of a program. The one that was not used for longest is forgotten. */
const REMEMBERED = 32

const remembered = new Map<string, NativeContext>()
const names = new WeakMap<NativeContext, string>()

/** Equal for contexts that were made of the same. */
export function contextName(context: NativeContext): string {
  return names.get(context) as string
}

/** More tickets than anybody uses are a nuisance to the network. */
const MOST_TICKETS = 32

interface Parts {
  readonly isServer: boolean
  readonly identity: IdentityParts
  readonly least: number
  readonly most: number
  readonly resumption: ResumptionParts
}

/** What decides how sessions go on, and not whose they are. */
interface ResumptionParts {
  readonly ticketKeys: TicketKeys | undefined
  readonly ticketCount: number
}

export function contextFor(isServer: boolean, options: ClientOptions | ServerOptions): NativeContext {
  const parts = partsOf(isServer, options)
  const identity = nameOf(parts)
  const { ticketKeys, ticketCount } = parts.resumption
  const name = `${identity} ${ticketKeys?.id ?? 'none'} ${ticketCount}`
  const found = remembered.get(name) ?? makeContext(parts, identity)
  names.set(found, name)
  // Last in the order of the Map: used last.
  remembered.delete(name)
  remembered.set(name, found)
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string)
  return found
}

function partsOf(isServer: boolean, options: ClientOptions | ServerOptions): Parts {
  const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
  const least = versionNumber('minVersion', minVersion)
  const most = versionNumber('maxVersion', maxVersion)
  if (least > most) throw outOfRange('maxVersion', `at least minVersion (${minVersion})`, maxVersion)
  return {
    isServer,
    identity: identityParts(isServer, options),
    least,
    most,
    resumption: ticketParts(isServer, options),
  }
}

function ticketParts(
  isServer: boolean,
  { tickets = true, ticketCount = 1 }: ClientOptions & TicketOptions,
): ResumptionParts {
  checkInteger('ticketCount', ticketCount, 0, MOST_TICKETS)
  if (typeof tickets !== 'boolean' && !(tickets instanceof TicketKeys))
    throw wrongType('tickets', 'true, false or TicketKeys', tickets)
  if (!isServer || tickets === false || ticketCount === 0) return { ticketKeys: undefined, ticketCount: 0 }
  return { ticketKeys: tickets === true ? sharedTicketKeys() : tickets, ticketCount }
}

function nameOf({ resumption: _, ...parts }: Parts): string {
  const hash = createHash('sha256')
  addTo(hash, parts)
  return hash.digest('base64')
}

/** Each value with its kind and length before it: no two look the same. */
function addTo(hash: Hash, value: unknown): void {
  if (value instanceof Uint8Array) {
    hash.update(`bytes ${value.length}:`).update(value)
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    hash.update(`object ${entries.length}:`)
    for (const [key, each] of entries) {
      addTo(hash, key)
      addTo(hash, each)
    }
  } else {
    const text = String(value)
    hash.update(`${typeof value} ${text.length}:${text}`)
  }
}

function makeContext(parts: Parts, identity: string): NativeContext {
  const { isServer } = parts
  const context = accepted<NativeContext>('the context', native.contextMake(isServer))
  accepted('minVersion', native.contextVersions(context, parts.least, parts.most))
  useIdentity(context, isServer, parts.identity)
  if (isServer) setTickets(context, parts.resumption, identity)
  return context
}

function setTickets(
  context: NativeContext,
  { ticketKeys, ticketCount }: ResumptionParts,
  identity: string,
): void {
  accepted('tickets', native.contextTickets(context, ticketKeys?.native, ticketCount))
  // A session goes on only where a full handshake would have shown the same certificate and judged clients by the same: what one server
  // of a process gave is nothing to another.
  accepted('tickets', native.contextIdentity(context, Buffer.from(identity, 'base64')))
}
