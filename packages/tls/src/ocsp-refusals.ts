/** Why a client refuses by the stapled answer: the verdicts of native/ocsp.h from 2 on. */

export type OcspErrorCode =
  /** There had to be an answer, and the server stapled none. */
  | 'TLS_OCSP_MISSING'
  /** What it stapled is no answer, or is about another certificate. */
  | 'TLS_OCSP_MALFORMED'
  /** Nobody signed the answer who may. */
  | 'TLS_OCSP_BAD_SIGNATURE'
  /** The answer is too old, or for later. */
  | 'TLS_OCSP_EXPIRED'
  /** The certificate was revoked. */
  | 'TLS_OCSP_REVOKED'
  /** The authority does not know the certificate. */
  | 'TLS_OCSP_UNKNOWN'

interface OcspRefusal {
  readonly code: OcspErrorCode
  readonly text: string
}

const REFUSALS: readonly OcspRefusal[] = [
  {
    code: 'TLS_OCSP_MISSING',
    text: 'the server gave no OCSP response with its certificate, and had to',
  },
  {
    code: 'TLS_OCSP_MALFORMED',
    text: 'the OCSP response that came with the certificate cannot be read, or is about another certificate',
  },
  {
    code: 'TLS_OCSP_BAD_SIGNATURE',
    text: 'the OCSP response that came with the certificate was not signed by its issuer, nor by whom the issuer lets',
  },
  {
    code: 'TLS_OCSP_EXPIRED',
    text: 'the OCSP response that came with the certificate is not valid at this time',
  },
  { code: 'TLS_OCSP_REVOKED', text: 'the certificate was revoked, says the OCSP response that came with it' },
  {
    code: 'TLS_OCSP_UNKNOWN',
    text: 'the authority does not know the certificate, says the OCSP response that came with it',
  },
]
const FIRST_VERDICT = 2

export function ocspRefusal(verdict: number): OcspRefusal | undefined {
  return REFUSALS[verdict - FIRST_VERDICT]
}
