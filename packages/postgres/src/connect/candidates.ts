/** Which servers are tried, and in which order. */
import { TimeoutError, withTimeout } from '@shrapnel/core'
import { resolve } from '@shrapnel/core/parts'
import type { PostgresError } from '../errors.js'
import { openFailure, timedOut } from './open-failure.js'
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
  for (const place of isRandom ? shuffled(places) : places) {
    if (place.kind === 'unix' || place.address !== undefined || (!isRandom && sessionTarget === 'any')) {
      yield place
      continue
    }
    let addresses: readonly string[]
    try {
      addresses = await withTimeout(connectTimeoutMs, () => resolve(place.host))
    } catch (error) {
      const failure =
        error instanceof TimeoutError
          ? timedOut(error, placeText(place))
          : openFailure(error, placeText(place))
      if ((failure as { readonly code?: unknown }).code === 'INTERRUPTED') throw failure
      failures.push(failure as PostgresError)
      continue
    }
    for (const address of isRandom ? shuffled(addresses) : addresses) yield { ...place, address }
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  const result = [...list]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}
