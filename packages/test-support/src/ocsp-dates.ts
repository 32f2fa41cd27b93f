/**
 * An OCSP response with other times than it was made with: taken apart, dated, signed anew and put together again,
 * since `openssl` dates its answers from now on only.
 *
 *   OCSPResponse { status, [0] { type, OCTET STRING BasicOCSPResponse { data, algorithm, signature, [0] certificates }}}
 *
 * (RFC 6960 §4.2.1.) The last two times in the data are thisUpdate and nextUpdate, and every time has 15 characters.
 */
import { opensslTime } from './certificate-options.js'
import { derContents, derValue } from './der.js'

const SEQUENCE = 0x30
const OCTET_STRING = 0x04
const BIT_STRING = 0x03
const EXPLICIT_0 = 0xa0
/** Tag and length of a GeneralizedTime. */
const TIME = Buffer.from([0x18, 15])

export interface OcspDates {
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/** `sign` makes a signature over the data of the kind that the response already names. */
export function redatedOcspResponse(
  response: Buffer,
  dates: OcspDates,
  sign: (data: Buffer) => Buffer,
): Buffer {
  const [status, explicitBytes] = fields(response)
  const [bytes] = fields(explicitBytes)
  const [type, octets] = fields(bytes)
  const [basic] = fields(octets)
  const [data, algorithm, , certificates] = fields(basic)
  const dated = withDates(present(data), dates)
  const signature = derValue(BIT_STRING, Buffer.from([0]), sign(dated))
  const parts = [dated, present(algorithm), signature, certificates ?? Buffer.alloc(0)]
  const signed = derValue(OCTET_STRING, derValue(SEQUENCE, ...parts))
  return derValue(SEQUENCE, present(status), derValue(EXPLICIT_0, derValue(SEQUENCE, present(type), signed)))
}

function withDates(data: Buffer, { thisUpdate, nextUpdate }: OcspDates): Buffer {
  const dated = Buffer.from(data)
  const next = dated.lastIndexOf(TIME)
  const last = dated.lastIndexOf(TIME, next - 1)
  dated.write(opensslTime(thisUpdate), last + TIME.length, 'latin1')
  dated.write(opensslTime(nextUpdate), next + TIME.length, 'latin1')
  return dated
}

function fields(value: Buffer | undefined): readonly Buffer[] {
  return derContents(present(value))
}

function present(value: Buffer | undefined): Buffer {
  if (value === undefined) throw new TypeError('this is not an OCSP response with an answer in it')
  return value
}
