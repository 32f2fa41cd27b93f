/**
 * A certificate authority that lives as long as a test: keys and certificates made by `openssl` in a temporary folder,
 * which is gone when the authority is closed, and also when the test process ends or is killed without. It makes what
 * is asked for, wrong certificates included. It is no model for a real one: its keys lie about unencrypted.
 */
import { join } from 'node:path'
import {
  type Certificate,
  type EncryptedKeyOptions,
  encryptedPem,
  type Issuer,
  makeCertificate,
} from './certificate.js'
import type { CertificateOptions } from './certificate-options.js'
import { guardedFolder } from './guarded-folder.js'
import { openssl } from './openssl-command.js'
import { makeCrl, makeOcspResponse, type Revocation, type RevocationReason } from './revocation.js'

const YEAR_MS = 365 * 24 * 3_600_000
const HOUR_MS = 3_600_000

export interface AuthorityOptions
  extends Pick<CertificateOptions, 'keyType' | 'hash' | 'notBefore' | 'notAfter' | 'isCa' | 'pathLength'> {
  /** Its CN. By default one that no other authority of this process has. */
  readonly name?: string | undefined
}

export interface OcspOptions {
  /** What the authority knows, by default: `revoked` after `revoke`, else `good`. */
  readonly status?: 'good' | 'revoked' | 'unknown' | undefined
  /** Its next update was due a day ago. */
  readonly expired?: boolean | undefined
}

/** What all authorities in the same folder share. */
interface Family {
  readonly folder: string
  members: number
  close(): Promise<void>
}

let authoritiesMade = 0

/** A root of its own: makes the folder, a key and a certificate that signs itself. */
export async function makeCertificateAuthority(
  options: AuthorityOptions = {},
): Promise<CertificateAuthority> {
  const temporary = await guardedFolder()
  const family: Family = { folder: temporary.path, members: 0, close: temporary.remove }
  try {
    const certificate = await makeAuthorityCertificate(family, options)
    return new CertificateAuthority(family, certificate, { ...certificate, chainPem: '' }, true)
  } catch (error) {
    await temporary.remove()
    throw error
  }
}

export class CertificateAuthority implements AsyncDisposable {
  readonly certificate: Certificate
  readonly #family: Family
  readonly #issuer: Issuer
  readonly #ownsFolder: boolean
  readonly #issued = new Map<Certificate, Revocation | undefined>()

  /** Use `makeCertificateAuthority`. */
  constructor(family: Family, certificate: Certificate, issuer: Issuer, ownsFolder: boolean) {
    this.#family = family
    this.certificate = certificate
    this.#issuer = issuer
    this.#ownsFolder = ownsFolder
  }

  get certificatePem(): string {
    return this.certificate.certificatePem
  }

  get certificatePath(): string {
    return this.certificate.certificatePath
  }

  get keyPath(): string {
    return this.certificate.keyPath
  }

  /** Of this authority and all that it has made. A test may put files of its own here. */
  get folder(): string {
    return this.#family.folder
  }

  async issue(options: CertificateOptions = {}): Promise<Certificate> {
    const certificate = await makeCertificate(nextFolder(this.#family), options, this.#issuer)
    this.#issued.set(certificate, undefined)
    return certificate
  }

  /** A certificate that nobody vouches for. */
  selfSigned(options: CertificateOptions = {}): Promise<Certificate> {
    return makeCertificate(nextFolder(this.#family), options)
  }

  /** An authority below this one; `isCa: false` makes one that has no right to be. Closing it does nothing. */
  async intermediate(options: AuthorityOptions = {}): Promise<CertificateAuthority> {
    const certificate = await makeAuthorityCertificate(this.#family, options, this.#issuer)
    this.#issued.set(certificate, undefined)
    return new CertificateAuthority(this.#family, certificate, certificate, false)
  }

  /** Another root, which nobody who trusts this one need know; in the same folder. Closing it does nothing. */
  async stranger(options: AuthorityOptions = {}): Promise<CertificateAuthority> {
    const certificate = await makeAuthorityCertificate(this.#family, options)
    return new CertificateAuthority(this.#family, certificate, { ...certificate, chainPem: '' }, false)
  }

  /** From now on CRLs and OCSP responses say so. The certificate itself stays as it is. */
  revoke(
    certificate: Certificate,
    { reason, at }: { readonly reason?: RevocationReason; readonly at?: Date } = {},
  ): void {
    this.#checkIssued(certificate)
    this.#issued.set(certificate, {
      at: at ?? new Date(Date.now() - HOUR_MS),
      reason: reason ?? 'keyCompromise',
    })
  }

  /** The list of the revoked, as PEM. Expired: its next update was due a day ago. */
  crl({ expired = false }: { readonly expired?: boolean } = {}): Promise<string> {
    const entries = [...this.#issued].map(([certificate, revocation]) => ({ certificate, revocation }))
    return makeCrl(this.certificate, this.folder, entries, expired)
  }

  /** The DER of an OCSP response about `certificate`, signed by this authority, as a server staples it. */
  ocspResponse(certificate: Certificate, options: OcspOptions = {}): Promise<Buffer> {
    this.#checkIssued(certificate)
    const known = this.#issued.get(certificate)
    const status = options.status ?? (known === undefined ? 'good' : 'revoked')
    const revoked = known ?? { at: new Date(Date.now() - HOUR_MS), reason: 'keyCompromise' }
    return makeOcspResponse(this.certificate, this.folder, certificate, {
      entry:
        status === 'unknown'
          ? undefined
          : { certificate, revocation: status === 'revoked' ? revoked : undefined },
      isExpired: options.expired ?? false,
    })
  }

  /**
   * PKCS#12 with certificate, chain and key. `legacy`: RC2 and 3DES as programs wrote it for decades, which OpenSSL 3
   * reads only with its legacy provider.
   */
  async pkcs12(
    { certificatePath, chainPath, keyPath, passphrase }: Certificate,
    password: string,
    { legacy = false }: { readonly legacy?: boolean } = {},
  ): Promise<Buffer> {
    const key = passphrase === undefined ? [] : ['-passin', `pass:${passphrase}`]
    const files = ['-in', certificatePath, '-inkey', keyPath, ...key, '-certfile', chainPath]
    const args = [
      'pkcs12',
      '-export',
      ...(legacy ? ['-legacy'] : []),
      ...files,
      '-passout',
      `pass:${password}`,
    ]
    return await openssl(args, { cwd: this.folder })
  }

  /** The certificate's key as PEM, encrypted with AES-256-CBC. */
  encryptedKey(
    { keyPath, passphrase }: Certificate,
    newPassphrase: string,
    { format }: Pick<EncryptedKeyOptions, 'format'> = {},
  ): Promise<string> {
    return encryptedPem(keyPath, newPassphrase, { from: passphrase, format })
  }

  /** Removes the folder, if `makeCertificateAuthority` made this one. The texts stay good, the paths do not. */
  async close(): Promise<void> {
    if (this.#ownsFolder) await this.#family.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #checkIssued(certificate: Certificate): void {
    if (!this.#issued.has(certificate)) throw new RangeError('another authority issued this certificate')
  }
}

function makeAuthorityCertificate(
  family: Family,
  { name, ...options }: AuthorityOptions,
  issuer?: Issuer,
): Promise<Certificate> {
  authoritiesMade += 1
  const now = Date.now()
  const wishes: CertificateOptions = {
    notBefore: new Date(now - YEAR_MS),
    notAfter: new Date(now + 10 * YEAR_MS),
    isCa: true,
    ...options,
    names: [],
    commonName: name ?? `Test authority ${process.pid}-${authoritiesMade}`,
  }
  return makeCertificate(nextFolder(family), wishes, issuer)
}

function nextFolder(family: Family): string {
  family.members += 1
  return join(family.folder, `${family.members}`)
}
