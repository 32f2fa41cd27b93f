/** A name from its text to its labels (RFC 1035, 5.1 for the escapes), and where each of them began. */
import { BACKSLASH, DOT, MAX_ESCAPED_BYTE, ZERO } from './characters.js'
import { DnsWireError, type DnsWireErrorCode } from './errors.js'
import { MAX_LABEL_BYTES, MAX_NAME_BYTES } from './limits.js'

export class LabelWriter {
  /** Where the labels of the last name begin, without the empty one. */
  readonly starts = new Uint32Array(MAX_NAME_BYTES)
  count = 0

  /** Writes `name` with the empty label and returns where it ends. The last dot may be missing; `.` is the root. */
  write(name: string, bytes: Uint8Array, start: number): number {
    const { length } = name
    const { starts } = this
    let count = 0
    let at = start
    if (name !== '.') {
      if (length === 0) fail('DNS_NAME_TEXT', name, 'an empty text is no name')
      let labelAt = at++
      for (let i = 0; i < length; i++) {
        const code = name.charCodeAt(i)
        if (code === DOT) {
          endLabel(name, bytes, labelAt, at)
          starts[count++] = labelAt
          labelAt = at++
          if (at - start > MAX_NAME_BYTES) failLong(name)
        } else if (code === BACKSLASH) {
          const byte = escapedByte(name, i)
          i += byte >= 0 ? 3 : 1
          bytes[at++] = byte >= 0 ? byte : name.charCodeAt(i)
        } else if (code > 0x20 && code < 0x7f) bytes[at++] = code
        else fail('DNS_NAME_TEXT', name, 'a name has printable ASCII, and escapes for other bytes')
      }
      at--
      // No dot at the end: that is the same.
      if (at >= labelAt + 1) {
        at++
        endLabel(name, bytes, labelAt, at)
        starts[count++] = labelAt
      }
    }
    bytes[at++] = 0
    if (at - start > MAX_NAME_BYTES) failLong(name)
    this.count = count
    return at
  }
}

/** The byte that `\` at `at` and three digits stand for; -1 for `\` and any other character. */
function escapedByte(name: string, at: number): number {
  const first = name.charCodeAt(at + 1) - ZERO
  // NaN, at the end of the text, fails every comparison.
  if (!(first >= 0 && first <= 9)) {
    const code = name.charCodeAt(at + 1)
    if (code >= 0x20 && code < 0x7f) return -1
    return fail('DNS_NAME_TEXT', name, 'an escape without its character')
  }
  const second = name.charCodeAt(at + 2) - ZERO
  const third = name.charCodeAt(at + 3) - ZERO
  const byte = first * 100 + second * 10 + third
  const areDigits = second >= 0 && second <= 9 && third >= 0 && third <= 9
  return areDigits && byte <= MAX_ESCAPED_BYTE
    ? byte
    : fail('DNS_NAME_TEXT', name, 'an escape without its three digits')
}

function endLabel(name: string, bytes: Uint8Array, labelAt: number, at: number): void {
  const length = at - labelAt - 1
  if (length === 0) fail('DNS_LABEL_LENGTH', name, 'a name with an empty label')
  if (length > MAX_LABEL_BYTES)
    fail('DNS_LABEL_LENGTH', name, 'a label of more than 63 bytes', 'MAX_LABEL_BYTES')
  bytes[labelAt] = length
}

function failLong(name: string): never {
  fail('DNS_NAME_LENGTH', name, 'a name of more than 255 bytes', 'MAX_NAME_BYTES')
}

/** At most this much of a name is quoted in an error. */
const QUOTED_CHARACTERS = 80

function fail(code: DnsWireErrorCode, name: string, text: string, limit?: string): never {
  const quoted = name.length > QUOTED_CHARACTERS ? `${name.slice(0, QUOTED_CHARACTERS)}…` : name
  throw new DnsWireError(code, `${text}: '${quoted}'`, { limit })
}
