/** Which servers are tried, and in which order. */
import { isIP } from 'node:net'
import { resolve } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { limited } from './open-failure.js'
import type { ResolvedConnect } from './resolved-connect.js'
import { placeText, type ServerPlace } from './server-place.js'

/**
 * Places, one after the other. Where each address of a name may be another server (`targetSessionAttrs`), or all are to have their share
 * (`loadBalanceHosts`), a name becomes its addresses; otherwise the connection races them. A name that leads nowhere is added to `failures`.
 */
export async function* candidates(
  { places, hostOrder, sessionTarget, connectTimeoutMs }: ResolvedConnect,
  failures: PostgresError[],
): AsyncGenerator<ServerPlace> {
  const isRandom = hostOrder === 'random'
  const isEach = isRandom || sessionTarget !== 'any'
  for (const place of isRandom ? shuffled(places) : places) {
    if (!isEach || !isName(place)) {
      yield place
      continue
    }
    try {
      const addresses = await addressesOf(place, connectTimeoutMs)
      for (const address of isRandom ? shuffled(addresses) : addresses) yield { ...place, address }
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error
      failures.push(error)
    }
  }
}

type NamedPlace = ServerPlace & { readonly kind: 'tcp' }

function isName(place: ServerPlace): place is NamedPlace {
  return place.kind === 'tcp' && place.address === undefined && isIP(place.host) === 0
}

async function addressesOf(place: NamedPlace, timeoutMs: number): Promise<readonly string[]> {
  const where = placeText(place)
  const addresses = await limited(timeoutMs, where, async () => resolve(place.host))
  if (addresses.length > 0) return addresses
  throw new PostgresError('PG_CONNECT', `${where} cannot be reached: its name has no address`, {
    safeToRetry: true,
  })
}

function shuffled<T>(list: readonly T[]): T[] {
  const result = [...list]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}
