/** Names to addresses, through a hook: the system's getaddrinfo unless another resolver is set. */
import { promises as dns } from 'node:dns'
import { wrongType } from '../errors.js'
import { interruptible } from '../scope/interruptible.js'

/** Gives the addresses of `host`, best first. Waits only by core's waits, so that a lookup can be cancelled. */
export type Resolver = (host: string) => readonly string[] | Promise<readonly string[]>

/** getaddrinfo runs in Node's thread pool and cannot be stopped: cancelling drops its answer. */
const systemResolver: Resolver = async (host) => {
  const answers = await interruptible(dns.lookup(host, { all: true, verbatim: true }))
  return answers.map(({ address }) => address)
}

let resolver = systemResolver

/** Replaces the resolver and gives the previous one; `undefined` brings the system's back. */
export function setResolver(next?: Resolver): Resolver {
  if (next !== undefined && typeof next !== 'function') throw wrongType('resolver', 'a function', next)
  const previous = resolver
  resolver = next ?? systemResolver
  return previous
}

/** Addresses of `host`, best first; an address is its own. Fails with what the resolver fails with, `ENOTFOUND` say. */
export function resolve(host: string): readonly string[] | Promise<readonly string[]> {
  return resolver(host)
}
