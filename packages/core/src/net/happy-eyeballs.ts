/**
 * Connecting to the first address that answers, RFC 8305: addresses of both families take turns (section 4), a new
 * attempt begins 250 ms after the one before, or at once when that failed (section 5). The first connection wins.
 */
import { Interrupted } from '../errors.js'
import { group } from '../scope/group.js'
import { withTimeout } from '../scope/with-timeout.js'
import { Event } from '../sync/event.js'
import type { Socket } from './socket.js'

/** RFC 8305 section 8, Connection Attempt Delay. */
export const ATTEMPT_DELAY_MS = 250

/** The order of attempts: the families take turns, beginning with that of the first address. */
export function interlace(addresses: readonly string[]): string[] {
  const isSix = (address: string): boolean => address.includes(':')
  const [first] = addresses
  if (first === undefined) return []
  const preferred = addresses.filter((address) => isSix(address) === isSix(first))
  const others = addresses.filter((address) => isSix(address) !== isSix(first))
  return preferred
    .flatMap((address, i) => (others[i] === undefined ? [address] : [address, others[i]]))
    .concat(others.slice(preferred.length))
}

/**
 * Tries `addresses` until one connects. Losers are closed. Fails with the error of the first address if all fail, the
 * others in its `cause` list. Cancelling ends every attempt.
 */
export async function connectFirst(
  addresses: readonly string[],
  connect: (address: string) => Promise<Socket>,
  delayMs = ATTEMPT_DELAY_MS,
): Promise<Socket> {
  const order = interlace(addresses)
  if (order.length === 1) return connect(order[0] as string)
  const errors: unknown[] = new Array(order.length)
  let winner: Socket | undefined
  try {
    await group(async (attempts) => {
      let failures = 0
      const done = new Event<void>()
      for (let i = 0; i < order.length && winner === undefined; i++) {
        const failed = new Event<void>()
        attempts.spawn({ name: `connect ${order[i]}` }, async () => {
          try {
            const socket = await connect(order[i] as string)
            if (winner === undefined) winner = socket
            else socket.close()
            done.set()
            failed.set()
          } catch (error) {
            if (error instanceof Interrupted) throw error
            errors[i] = error
            if (++failures === order.length) done.set()
            failed.set()
          }
        })
        if (i + 1 < order.length) await pause(delayMs, failed)
      }
      await done.wait()
      attempts.cancel()
    })
  } catch (error) {
    winner?.close()
    throw error
  }
  if (winner !== undefined) return winner
  const [first] = errors
  if (first instanceof Error && first.cause === undefined)
    first.cause = new AggregateError(errors, 'every address failed')
  throw first
}

/** Waits until `over`, but not longer than `ms`. */
async function pause(ms: number, over: Event<void>): Promise<void> {
  try {
    await withTimeout(ms, () => over.wait())
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'TIMEOUT') throw error
  }
}
