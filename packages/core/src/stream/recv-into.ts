/** `recvInto` for streams whose bytes come in buffers of their own: a receive, and a copy into the caller's. */
import type { Awaitable } from '../awaitable.js'
import { wrongType } from '../errors.js'
import type { Stream } from './stream.js'

/** The count, 0 at the end. Waits, fails and is cancelled as `stream.recv` is. */
export function recvInto(stream: Stream, target: Uint8Array): Awaitable<number> {
  if (!(target instanceof Uint8Array)) throw wrongType('target', 'a Uint8Array', target)
  if (target.length === 0) return 0
  const fill = (bytes: Buffer): number => {
    target.set(bytes)
    return bytes.length
  }
  const bytes = stream.recv(target.length)
  return bytes instanceof Promise ? bytes.then(fill) : fill(bytes)
}
