/**
 * What a test may wish of a certificate, and how that is said to `openssl`: the options of `req` that make the key, and
 * the configuration from which `req` and `ca` take the rest. Text in, text out; nothing is run or written here.
 */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-1024' | 'rsa-2048' | 'ed25519'

export interface CertificateOptions {
  /**
   * Host names, wildcards and IP addresses for subjectAltName; names in other alphabets are written in Punycode.
   * `localhost`, `127.0.0.1` and `::1` by default; an empty list leaves the extension out.
   */
  readonly names?: readonly string[] | undefined
  /** The subject's CN, 64 characters at most. The first of `names` by default. */
  readonly commonName?: string | undefined
  /** An hour ago by default, for clocks that disagree. */
  readonly notBefore?: Date | undefined
  /** In 90 days by default. */
  readonly notAfter?: Date | undefined
  readonly keyType?: KeyType | undefined
  /** What the issuer signs with. An Ed25519 issuer has no choice. */
  readonly hash?: 'sha256' | 'sha384' | 'sha1' | undefined
  /** extendedKeyUsage; `server` by default. */
  readonly purpose?: 'server' | 'client' | 'both' | undefined
  /** The TLS feature extension (RFC 7633): without a stapled OCSP response it is to be refused. */
  readonly mustStaple?: boolean | undefined
  /** Where an OCSP responder and a CRL are said to be; there is nothing there. Auditors miss it when neither is said. */
  readonly ocspUrl?: string | undefined
  readonly crlUrl?: string | undefined
  /** basicConstraints. False by default for what `issue` makes, true for an authority. */
  readonly isCa?: boolean | undefined
  /** The most intermediates that may follow below an authority. */
  readonly pathLength?: number | undefined
  /** Encrypts the private key's file. */
  readonly passphrase?: string | undefined
}

const KEY_ARGS: Readonly<Record<KeyType, readonly string[]>> = {
  'ec-p256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'ec-p384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'rsa-1024': ['-newkey', 'rsa:1024'],
  'rsa-2048': ['-newkey', 'rsa:2048'],
  ed25519: ['-newkey', 'ed25519'],
}

const PURPOSES = { server: 'serverAuth', client: 'clientAuth', both: 'serverAuth, clientAuth' } as const

export function keyArgs(keyType: KeyType = 'ec-p256'): readonly string[] {
  return KEY_ARGS[keyType]
}

/** The names of a certificate as it will hold them. */
function namesOf(options: CertificateOptions): readonly string[] {
  return (options.names ?? ['localhost', '127.0.0.1', '::1']).map(asciiName)
}

/** `/CN=…` for `-subj`, or `/` for a subject without a name. */
export function subjectOf(options: CertificateOptions): string {
  const name = options.commonName ?? namesOf(options)[0] ?? ''
  return name === '' ? '/' : `/CN=${name.replaceAll(/[\\/+=]/g, '\\$&')}`
}

/** The time as `-startdate` and its like want it. */
export function opensslTime(time: Date): string {
  return time.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
}

/** The configuration for one certificate: paths in it are relative to the folder that `openssl` runs in. */
export function configurationOf(options: CertificateOptions): string {
  return [
    // For `req`: only what it cannot do without.
    ...['[req]', 'distinguished_name = subject', 'string_mask = utf8only', 'utf8 = yes', 'prompt = no'],
    '[subject]',
    // For `ca`: a database of its own for each certificate, so that any number can be made at a time.
    ...['[ca]', 'default_ca = authority', '[authority]', 'database = index', 'new_certs_dir = .'],
    ...['rand_serial = yes', 'default_md = default', 'unique_subject = no', 'policy = any'],
    'email_in_dn = no',
    ...['[any]', 'commonName = optional', '[crl]', 'authorityKeyIdentifier = keyid'],
    ...['[extensions]', ...extensionsOf(options), '[names]', ...alternativeNames(options), ''],
  ].join('\n')
}

function extensionsOf(options: CertificateOptions): string[] {
  const isCa = options.isCa ?? false
  const isRsa = options.keyType?.startsWith('rsa') ?? false
  const pathLength = options.pathLength === undefined ? '' : `, pathlen:${options.pathLength}`
  const uses = isCa ? 'keyCertSign, cRLSign, digitalSignature' : 'digitalSignature'
  const lines = [
    `basicConstraints = critical, CA:${isCa ? 'TRUE' : 'FALSE'}${pathLength}`,
    `keyUsage = critical, ${uses}${isRsa && !isCa ? ', keyEncipherment' : ''}`,
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
  ]
  // An authority without purposes is one for all purposes.
  if (!isCa || options.purpose !== undefined)
    lines.push(`extendedKeyUsage = ${PURPOSES[options.purpose ?? 'server']}`)
  if (options.mustStaple === true) lines.push('tlsfeature = status_request')
  if (options.ocspUrl !== undefined) lines.push(`authorityInfoAccess = OCSP;URI:${options.ocspUrl}`)
  if (options.crlUrl !== undefined) lines.push(`crlDistributionPoints = URI:${options.crlUrl}`)
  if (namesOf(options).length > 0) lines.push('subjectAltName = @names')
  return lines
}

function alternativeNames(options: CertificateOptions): string[] {
  return namesOf(options).map((name, index) => `${isIP(name) === 0 ? 'DNS' : 'IP'}.${index} = ${name}`)
}

function asciiName(name: string): string {
  // Only what needs it: domainToASCII() also changes names that are wrong on purpose.
  return /[^\0-\x7f]/.test(name) ? domainToASCII(name) : name
}
