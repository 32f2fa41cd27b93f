/** Makes core's `connect` find names here. */
import { type Resolver as CoreResolver, setResolver } from '@shrapnel/core'
import type { LookupResult } from './found.js'

/** What `install` needs of a resolver. */
export interface Looker {
  lookup(host: string): Promise<LookupResult>
}

interface Installation {
  readonly previous: CoreResolver
  isUndone: boolean
}

const installations = new WeakMap<CoreResolver, Installation>()

/**
 * From now on `tcp.connect` of core, and all that stands on it, asks `looker`. Gives the undo, which brings back what was there before. When somebody
 * else has installed himself meanwhile he stays, and whoever was undone does not come back after him.
 */
export function installIn(looker: Looker): () => void {
  const ours: CoreResolver = async (host) => (await looker.lookup(host)).map(({ address }) => address)
  const installation = { previous: setResolver(ours), isUndone: false }
  installations.set(ours, installation)
  return () => {
    installation.isUndone = true
    const present = setResolver(lastInstalled(installation.previous))
    if (present !== ours) setResolver(present)
  }
}

function lastInstalled(resolver: CoreResolver): CoreResolver {
  const installation = installations.get(resolver)
  return installation?.isUndone ? lastInstalled(installation.previous) : resolver
}
