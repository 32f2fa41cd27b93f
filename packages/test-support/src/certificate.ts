/**
 * One certificate with its private key, as text and as files, and how `openssl` makes it: a request that brings a new
 * key, signed by an issuer or by that key itself. Each is made in a folder of its own and shares nothing with others,
 * so that any number can be made at a time. What it was made for is the caller's affair.
 */
import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CertificateOptions,
  configurationOf,
  keyArgs,
  opensslTime,
  subjectOf,
} from './certificate-options.js'
import { openssl } from './openssl-command.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LIFETIME_DAYS = 90

export interface Certificate {
  readonly certificatePem: string
  readonly certificatePath: string
  /** Encrypted if a passphrase was asked for. */
  readonly keyPem: string
  readonly keyPath: string
  readonly passphrase: string | undefined
  /** The certificate and the intermediates above it, without the root: what a server presents. */
  readonly chainPem: string
  readonly chainPath: string
  /** Hexadecimal, as `X509Certificate.serialNumber`. */
  readonly serial: string
  /** SHA-256, as `X509Certificate.fingerprint256`. */
  readonly fingerprint: string
  readonly notAfter: Date
}

export interface Issuer {
  readonly certificatePath: string
  readonly keyPath: string
  /** The issuer and what is above it, without the root. */
  readonly chainPem: string
}

/** Makes `folder` and the certificate in it. Without an issuer it is signed by its own key. */
export async function makeCertificate(
  folder: string,
  options: CertificateOptions,
  issuer?: Issuer,
): Promise<Certificate> {
  await mkdir(folder)
  const file = (name: string) => join(folder, name)
  const run = { cwd: folder, configurationPath: file('openssl.cnf') }
  await Promise.all([writeFile(file('openssl.cnf'), configurationOf(options)), writeFile(file('index'), '')])
  const request = ['-new', ...keyArgs(options.keyType), '-nodes', '-subj', subjectOf(options)]
  await openssl(['req', '-batch', ...request, '-keyout', 'key.pem', '-out', 'request.pem'], run)

  const now = Date.now()
  const from = opensslTime(options.notBefore ?? new Date(now - HOUR_MS))
  const to = opensslTime(options.notAfter ?? new Date(now + LIFETIME_DAYS * DAY_MS))
  const signer =
    issuer === undefined
      ? ['-selfsign', '-keyfile', 'key.pem']
      : ['-cert', issuer.certificatePath, '-keyfile', issuer.keyPath]
  const hash = options.hash === undefined ? [] : ['-md', options.hash]
  const validity = ['-startdate', from, '-enddate', to]
  const files = ['-in', 'request.pem', '-out', 'certificate.pem']
  const wishes = ['-batch', '-notext', '-extensions', 'extensions', ...validity, ...hash]
  await openssl(['ca', ...wishes, ...signer, ...files], run)

  if (options.passphrase !== undefined)
    await writeFile(file('key.pem'), await encryptedPem(file('key.pem'), options.passphrase))
  const [certificatePem, keyPem] = await Promise.all([
    readFile(file('certificate.pem'), 'utf8'),
    readFile(file('key.pem'), 'utf8'),
  ])
  const chainPem = certificatePem + (issuer?.chainPem ?? '')
  await writeFile(file('chain.pem'), chainPem)
  const { serialNumber, fingerprint256, validTo } = new X509Certificate(certificatePem)
  return {
    certificatePem,
    certificatePath: file('certificate.pem'),
    keyPem,
    keyPath: file('key.pem'),
    passphrase: options.passphrase,
    chainPem,
    chainPath: file('chain.pem'),
    serial: serialNumber,
    fingerprint: fingerprint256,
    notAfter: new Date(validTo),
  }
}

export interface EncryptedKeyOptions {
  /** The passphrase that the file has now, if any. */
  readonly from?: string | undefined
  /** `pkcs8` (BEGIN ENCRYPTED PRIVATE KEY) by default; `traditional` has a Proc-Type line. Ed25519 has only the first. */
  readonly format?: 'pkcs8' | 'traditional' | undefined
}

/** The key in the file, encrypted with AES-256-CBC. */
export async function encryptedPem(
  keyPath: string,
  passphrase: string,
  { from, format }: EncryptedKeyOptions = {},
): Promise<string> {
  const how = format === 'traditional' ? ['-traditional', '-aes256'] : ['-aes256']
  const given = from === undefined ? [] : ['-passin', `pass:${from}`]
  const args = ['pkey', '-in', keyPath, ...given, ...how, '-passout', `pass:${passphrase}`]
  return (await openssl(args, { cwd: '/' })).toString('latin1')
}
