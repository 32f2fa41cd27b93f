/**
 * Receiving an exact count from a stream that reads nothing ahead: as many receives as it takes. What came stays in the stream's
 * Pushback until all of it is there, so nothing has to be put back when the rest does not come. Limits are the caller's.
 */
import type { Awaitable } from '../awaitable.js'
import { checkInteger, EndOfStream } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import type { Pushback } from './pushback.js'

const MOST_BYTES = 2 ** 31 - 1
/** Asked for at a time: what a peer has not sent yet needs no memory. */
const CHUNK_BYTES = 65_536

/**
 * `count` bytes, the caller's to keep. `recvFresh` receives past the pushback, and refuses a cancelled scope. A failure takes
 * nothing: whether it was cancelled, the stream broke or ended first (`EndOfStream` carries a copy of what there was), the next
 * receive finds the same bytes.
 */
export function recvExact(
  pushback: Pushback,
  count: number,
  recvFresh: (max: number) => Awaitable<Buffer>,
): Awaitable<Buffer> {
  checkInteger('count', count, 0, MOST_BYTES)
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) return refused
  pushback.claim(scope)
  if (pushback.size >= count) return pushback.take(count)
  return gather(scope, pushback, count, recvFresh)
}

async function gather(
  scope: Scope,
  pushback: Pushback,
  count: number,
  recvFresh: (max: number) => Awaitable<Buffer>,
): Promise<Buffer> {
  pushback.hold(scope)
  try {
    while (pushback.size < count) {
      const chunk = await recvFresh(Math.min(count - pushback.size, CHUNK_BYTES))
      if (chunk.length === 0) {
        const partial = pushback.copy()
        throw new EndOfStream(partial, `the stream ended after ${partial.length} of ${count} bytes`)
      }
      pushback.append(chunk)
    }
    return pushback.take(count)
  } finally {
    pushback.release()
  }
}
