/**
 * The certificates that every TLS client has to judge, right and wrong, one by one: what to make, for which host the
 * client asks, and what OpenSSL and Node say of it. A table for `test.each`; the client trusts the authority that is
 * handed in and nothing else.
 */
import type { Certificate } from './certificate.js'
import type { CertificateAuthority } from './certificate-authority.js'

const DAY_MS = 24 * 3_600_000

export interface CertificateCase {
  readonly name: string
  /** What the client asks for, in ASCII. */
  readonly host: string
  /** What X509_verify_cert() ends with (X509_V_ERR_…, openssl/x509_vfy.h); 0: it is accepted. */
  readonly verifyError: number
  /** What it says in words, X509_verify_cert_error_string(). */
  readonly reason: string
  /** The `code` of Node's own `tls`; undefined if it accepts, or has no name for this refusal. */
  readonly nodeCode: string | undefined
  /** The refusal needs this of the client: a CRL to look into, or a security level of 2. */
  readonly needs: 'crl' | 'security-level-2' | undefined
  make(authority: CertificateAuthority): Promise<PresentedCertificate>
}

export interface PresentedCertificate {
  readonly certificate: Certificate
  /** What the server presents with it: the certificate and what follows. */
  readonly presentedPem: string
  readonly presentedPath: string
  /** What the authority has to say of it. */
  readonly crlPem: string
}

type Make = (authority: CertificateAuthority) => Promise<Certificate>

interface Facts extends Partial<Pick<CertificateCase, 'host' | 'needs' | 'nodeCode'>> {
  readonly error?: readonly [number, string]
  readonly make: Make
  /** The server forgets the intermediates. */
  readonly isAlone?: boolean
}

const ago = (days: number) => new Date(Date.now() - days * DAY_MS)
const hence = (days: number) => new Date(Date.now() + days * DAY_MS)

const NAME_MISMATCH = { error: [62, 'hostname mismatch'], nodeCode: 'ERR_TLS_CERT_ALTNAME_INVALID' } as const
const EXPIRED = { error: [10, 'certificate has expired'], nodeCode: 'CERT_HAS_EXPIRED' } as const
const NO_ISSUER = {
  error: [20, 'unable to get local issuer certificate'],
  // Node lets the verification go on to its end, where another error is found.
  nodeCode: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
} as const

const CASES: Readonly<Record<string, Facts>> = {
  valid: { make: (ca) => ca.issue() },
  'valid below an intermediate': { make: async (ca) => (await ca.intermediate()).issue() },
  'for an address, asked by address': { host: '127.0.0.1', make: (ca) => ca.issue({ names: ['127.0.0.1'] }) },
  'wildcard, one label': { host: 'www.example.test', make: (ca) => ca.issue({ names: ['*.example.test'] }) },
  'internationalised name': {
    host: 'xn--bcher-kva.test',
    make: (ca) => ca.issue({ names: ['bücher.test'] }),
  },
  // RFC 6125 allows it and RFC 9525 no longer does; OpenSSL accepts it unless told NEVER_CHECK_SUBJECT.
  'name only in the CN': { make: (ca) => ca.issue({ names: [], commonName: 'localhost' }) },

  expired: { ...EXPIRED, make: (ca) => ca.issue({ notBefore: ago(30), notAfter: ago(1) }) },
  'not yet valid': {
    error: [9, 'certificate is not yet valid'],
    nodeCode: 'CERT_NOT_YET_VALID',
    make: (ca) => ca.issue({ notBefore: hence(1), notAfter: hence(30) }),
  },
  'expired intermediate': {
    ...EXPIRED,
    make: async (ca) => (await ca.intermediate({ notBefore: ago(30), notAfter: ago(1) })).issue(),
  },
  'wrong name': { ...NAME_MISMATCH, make: (ca) => ca.issue({ names: ['other.test'] }) },
  'name in the CN beside other names': {
    ...NAME_MISMATCH,
    make: (ca) => ca.issue({ names: ['other.test'], commonName: 'localhost' }),
  },
  'for an address, asked by name': { ...NAME_MISMATCH, make: (ca) => ca.issue({ names: ['127.0.0.1'] }) },
  'for a name, asked by address': {
    error: [64, 'IP address mismatch'],
    nodeCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
    host: '127.0.0.1',
    make: (ca) => ca.issue({ names: ['localhost'] }),
  },
  'wildcard, two labels': {
    ...NAME_MISMATCH,
    host: 'a.b.example.test',
    make: (ca) => ca.issue({ names: ['*.example.test'] }),
  },
  'wildcard, no label': {
    ...NAME_MISMATCH,
    host: 'example.test',
    make: (ca) => ca.issue({ names: ['*.example.test'] }),
  },
  'self-signed': {
    error: [18, 'self-signed certificate'],
    nodeCode: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    make: (ca) => ca.selfSigned(),
  },
  'unknown issuer': { ...NO_ISSUER, make: async (ca) => (await ca.stranger()).issue() },
  'missing intermediate': {
    ...NO_ISSUER,
    isAlone: true,
    make: async (ca) => (await ca.intermediate()).issue(),
  },
  'issued by what is no authority': {
    error: [79, 'invalid CA certificate'],
    // As above; the later error is about the key usage, and has no code of Node's.
    nodeCode: 'UNSPECIFIED',
    make: async (ca) => (await ca.intermediate({ isCa: false })).issue(),
  },
  'more intermediates than allowed': {
    error: [25, 'path length constraint exceeded'],
    nodeCode: 'PATH_LENGTH_EXCEEDED',
    make: async (ca) => (await (await ca.intermediate({ pathLength: 0 })).intermediate()).issue(),
  },
  'wrong purpose': {
    error: [26, 'unsuitable certificate purpose'],
    nodeCode: 'INVALID_PURPOSE',
    make: (ca) => ca.issue({ purpose: 'client' }),
  },
  revoked: {
    error: [23, 'certificate revoked'],
    nodeCode: 'CERT_REVOKED',
    needs: 'crl',
    make: async (ca) => {
      const certificate = await ca.issue()
      ca.revoke(certificate)
      return certificate
    },
  },
  'weak key, RSA of 1024 bits': {
    error: [66, 'EE certificate key too weak'],
    needs: 'security-level-2',
    make: (ca) => ca.issue({ keyType: 'rsa-1024' }),
  },
  'weak signature, SHA-1': {
    error: [68, 'CA signature digest algorithm too weak'],
    needs: 'security-level-2',
    make: (ca) => ca.issue({ hash: 'sha1' }),
  },
}

export const certificateCases: readonly CertificateCase[] = Object.entries(CASES).map(([name, facts]) => ({
  name,
  host: facts.host ?? 'localhost',
  verifyError: facts.error?.[0] ?? 0,
  reason: facts.error?.[1] ?? 'ok',
  nodeCode: facts.nodeCode,
  needs: facts.needs,
  async make(authority) {
    const certificate = await facts.make(authority)
    const isAlone = facts.isAlone ?? false
    return {
      certificate,
      presentedPem: isAlone ? certificate.certificatePem : certificate.chainPem,
      presentedPath: isAlone ? certificate.certificatePath : certificate.chainPath,
      crlPem: await authority.crl(),
    }
  },
}))
