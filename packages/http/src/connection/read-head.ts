/** Takes a head out of a connection's input, in however many pieces it comes. */
import { HeadEnd } from '../wire/head-end.js'
import type { HeadLimits } from '../wire/limits.js'
import type { MessageHead } from '../wire/message-head.js'
import type { Input } from './input.js'

/**
 * Null: it is complete, and `head` is about it. Otherwise its end is not there yet, and what this gives is `pending` the next time.
 * Throws what the head is refused with.
 */
export function readHead(
  head: MessageHead,
  input: Input,
  limits: HeadLimits,
  pending: HeadEnd | null,
): HeadEnd | null {
  const { bytes, at, end } = input
  if (pending?.isWorthParsing(bytes, at, end) === false && end - at < limits.maxHeadBytes) return pending
  if (head.parse(bytes, at, end, limits)) {
    input.at = head.to
    return null
  }
  if (pending !== null) return pending
  const headEnd = new HeadEnd()
  headEnd.isWorthParsing(bytes, at, end)
  return headEnd
}
