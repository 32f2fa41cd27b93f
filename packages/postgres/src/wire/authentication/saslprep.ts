/**
 * SASLprep (RFC 4013) as PostgreSQL does it: a password that SASLprep forbids, or that is no Unicode, is used as it is. Both sides must do
 * the same, or a password that is right is refused.
 */
import {
  isIn,
  LEFT_TO_RIGHT,
  NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  SPACES,
  UNASSIGNED,
} from './stringprep-tables.js'

const codesOf = (text: string) => Array.from(text, (letter) => letter.codePointAt(0) as number)
const NOT_ASCII = /[^\x20-\x7e]/

export function saslPrep(password: string): string {
  if (!NOT_ASCII.test(password)) return password
  const prepared = Array.from(password, (letter) => {
    const code = letter.codePointAt(0) as number
    if (isIn(SPACES, code)) return ' '
    return isIn(NOTHING, code) ? '' : letter
  })
    .join('')
    .normalize('NFKC')
  const codes = codesOf(prepared)
  if (codes.length === 0) return password
  if (codes.some((code) => isIn(PROHIBITED, code) || isIn(UNASSIGNED, code))) return password
  return hasRightDirection(codes) ? prepared : password
}

/** RFC 3454, 6: with a character that runs to the left there is none that runs to the right, and the first and the last run to the left. */
function hasRightDirection(codes: readonly number[]): boolean {
  if (!codes.some((code) => isIn(RIGHT_TO_LEFT, code))) return true
  if (codes.some((code) => isIn(LEFT_TO_RIGHT, code))) return false
  return isIn(RIGHT_TO_LEFT, codes[0] as number) && isIn(RIGHT_TO_LEFT, codes.at(-1) as number)
}
