/** application/x-www-form-urlencoded (URL standard, 5): pairs in their order, with a limit on how many. */
import { pastLimit } from './refusals.js'

const AMPERSAND = 38
const QUESTION = 63

/** What is no escape stays as it is, what is no UTF-8 becomes U+FFFD. Throws `HTTP_LIMIT` (status 413). */
export function decodeUrlencoded(bytes: Buffer, maxPairs: number): URLSearchParams {
  let pairs = 1
  for (let at = bytes.indexOf(AMPERSAND); at >= 0; at = bytes.indexOf(AMPERSAND, at + 1))
    if (++pairs > maxPairs) throw pastLimit('maxParts', 413, 'the form has more fields')
  const text = bytes.toString('utf8')
  // URLSearchParams takes a leading `?` for that of an address.
  return new URLSearchParams(bytes[0] === QUESTION ? `&${text}` : text)
}
