/** Makes core's `connect` find names here. */
import { type Resolver as CoreResolver, setResolver } from '@shrapnel/core'
import type { LookupResult } from './found.js'

/** What `install` needs of a resolver. */
export interface Looker {
  lookup(host: string): Promise<LookupResult>
}

/**
 * From now on `tcp.connect` of core, and all that stands on it, asks `looker`. Gives the undo, which brings back what was there before; when somebody
 * else has installed himself meanwhile it leaves that alone.
 */
export function installIn(looker: Looker): () => void {
  const ours: CoreResolver = async (host) => (await looker.lookup(host)).map(({ address }) => address)
  const previous = setResolver(ours)
  return () => {
    const present = setResolver(previous)
    if (present !== ours) setResolver(present)
  }
}
