/** One limit for a whole lookup. Passing it is a failure that may pass, and no timeout of the caller's. */
import { TimeoutError, withTimeout } from '@shrapnel/core'
import { DnsError } from '../errors.js'

/** Fails with `EAI_AGAIN` past `timeoutMs`; limits further out go through as `Interrupted`. */
export async function withinTime<T>(timeoutMs: number, hostname: string, find: () => Promise<T>): Promise<T> {
  if (timeoutMs === Infinity) return find()
  try {
    return await withTimeout(timeoutMs, find)
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new DnsError('EAI_AGAIN', `lookup of ${hostname} took longer than ${timeoutMs} ms`, {
      hostname,
      cause: error,
    })
  }
}
