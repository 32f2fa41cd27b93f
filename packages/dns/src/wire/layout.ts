/** Where things are in a message (RFC 1035, 4.1.1; AD and CD: RFC 4035, 3), and the bits of a label's length (4.1.4). */

export const HEADER_BYTES = 12
export const POINTER_BITS = 0xc0

export const FLAGS = {
  isResponse: 0x8000,
  isAuthoritative: 0x0400,
  isTruncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  isAuthenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const
export const OPCODE_SHIFT = 11
export const OPCODE_MASK = 0xf
/** The four bits in the header; the other eight are in the OPT record. */
export const RCODE_MASK = 0xf

/** In the TTL of an OPT record (RFC 6891, 6.1.3). */
export const DNSSEC_OK = 0x8000
