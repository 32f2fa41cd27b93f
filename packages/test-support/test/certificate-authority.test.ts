import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Certificate } from '../src/certificate.js'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import type { CertificateOptions, KeyType } from '../src/certificate-options.js'
import { runProgram } from '../src/child-program.js'
import { openssl } from '../src/openssl-command.js'
import { handshake } from './handshake.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

const server = (certificate: Certificate) => ({ cert: certificate.chainPem, key: certificate.keyPem })
const parsed = ({ certificatePem }: Certificate) => new X509Certificate(certificatePem)

async function printed({ certificatePath }: Certificate): Promise<string> {
  return (await openssl(['x509', '-noout', '-text', '-in', certificatePath], { cwd: '/' })).toString()
}

describe('issue', () => {
  test('the certificate is for this machine, for a server, and its texts are those in the files', async () => {
    const certificate = await authority.issue()
    const { subject, subjectAltName, issuer, ca } = parsed(certificate)
    expect(subject).toBe('CN=localhost')
    expect(subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(issuer).toBe(parsed(authority.certificate).subject)
    expect(ca).toBe(false)
    expect(await printed(certificate)).toContain('TLS Web Server Authentication')
    expect(parsed(certificate).checkPrivateKey(createPrivateKey(certificate.keyPem))).toBe(true)
    expect(parsed(certificate).serialNumber).toBe(certificate.serial)
    expect(parsed(certificate).fingerprint256).toBe(certificate.fingerprint)
    expect(certificate.chainPem).toBe(certificate.certificatePem)
    for (const name of ['certificate', 'key', 'chain'] as const)
      expect(await readFile(certificate[`${name}Path`], 'utf8')).toBe(certificate[`${name}Pem`])
  })

  test('any number can be made at a time, and no two have the same serial or key', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => authority.issue()))
    expect(new Set(made.map(({ serial }) => serial)).size).toBe(8)
    expect(new Set(made.map(({ keyPem }) => keyPem)).size).toBe(8)
  })

  test.each<[KeyType, object]>([
    ['ec-p256', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
    ['ec-p384', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp384r1' } }],
    ['rsa-1024', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 1024 } }],
    ['rsa-2048', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048 } }],
    ['ed25519', { asymmetricKeyType: 'ed25519' }],
  ])('a key of type %s is one, in a certificate and in an authority', async (keyType, expected) => {
    const certificate = await authority.issue({ keyType })
    expect(parsed(certificate).publicKey).toMatchObject(expected)
    const signer = await authority.intermediate({ keyType })
    expect(parsed(signer.certificate).publicKey).toMatchObject(expected)
    const leaf = await signer.issue()
    expect(parsed(leaf).verify(parsed(signer.certificate).publicKey)).toBe(true)
  })

  test.each<[string, CertificateOptions, string]>([
    ['SHA-1', { hash: 'sha1' }, 'Signature Algorithm: ecdsa-with-SHA1'],
    ['must-staple', { mustStaple: true }, 'TLS Feature: \n                status_request'],
    ['a client’s purpose', { purpose: 'client' }, 'TLS Web Client Authentication'],
    ['both purposes', { purpose: 'both' }, 'TLS Web Server Authentication, TLS Web Client Authentication'],
    ['an authority’s rights', { isCa: true }, 'CA:TRUE'],
    ['a length of path', { isCa: true, pathLength: 3 }, 'CA:TRUE, pathlen:3'],
    ['a responder', { ocspUrl: 'http://127.0.0.1:9/ocsp' }, 'OCSP - URI:http://127.0.0.1:9/ocsp\n'],
    [
      'a list',
      { crlUrl: 'http://127.0.0.1:9/crl' },
      'Full Name:\n                  URI:http://127.0.0.1:9/crl\n',
    ],
    ['another alphabet', { names: ['*.bücher.test'] }, 'DNS:*.xn--bcher-kva.test'],
    [
      'a name that is special in a distinguished name',
      { commonName: 'a/b=c+d\\e' },
      'Subject: CN = "a/b=c+d\\\\e"',
    ],
    ['no name at all', { names: [], commonName: '' }, 'Subject: \n'],
    [
      'its first second',
      { notBefore: new Date('2001-02-03T04:05:06Z') },
      'Not Before: Feb  3 04:05:06 2001 GMT',
    ],
    [
      'its last second',
      { notAfter: new Date('2066-02-03T04:05:06Z') },
      'Not After : Feb  3 04:05:06 2066 GMT',
    ],
  ])('what is wished is in the certificate: %s', async (_wish, options, expected) => {
    expect(await printed(await authority.issue(options))).toContain(expected)
  })

  test('without names there is no subjectAltName', async () => {
    const { subject, subjectAltName } = parsed(await authority.issue({ names: [], commonName: 'somebody' }))
    expect([subject, subjectAltName]).toEqual(['CN=somebody', undefined])
  })

  test('what openssl cannot make is an error that holds its words', async () => {
    await expect(
      authority.issue({ names: ['256.0.0.1::'], commonName: 'x'.repeat(65) }),
    ).rejects.toMatchObject({
      code: 'command-failed',
      output: expect.stringContaining('string too long'),
    })
  })
})

describe('keys', () => {
  test('a passphrase encrypts the key’s file', async () => {
    const { keyPem } = await authority.issue({ passphrase: 'open sesame' })
    expect(keyPem).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    expect(() => createPrivateKey({ key: keyPem, passphrase: 'another' })).toThrow()
    expect(createPrivateKey({ key: keyPem, passphrase: 'open sesame' }).type).toBe('private')
  })

  test.each(['pkcs8', 'traditional'] as const)('encryptedKey is the same key, as %s', async (format) => {
    const certificate = await authority.issue({ passphrase: 'old' })
    const key = await authority.encryptedKey(certificate, 'new', { format })
    expect(key.includes('Proc-Type: 4,ENCRYPTED')).toBe(format === 'traditional')
    expect(parsed(certificate).checkPrivateKey(createPrivateKey({ key, passphrase: 'new' }))).toBe(true)
  })

  test('pkcs12 holds certificate, chain and key', async () => {
    const certificate = await (await authority.intermediate()).issue({ passphrase: 'old' })
    const pfx = await authority.pkcs12(certificate, 'pässword')
    expect(() => createSecureContext({ pfx, passphrase: 'another' })).toThrow('mac verify failure')
    const { outcome } = await handshake({ pfx, passphrase: 'pässword' }, { ca: authority.certificatePem })
    expect(outcome).toBe('accepted')
  })

  test('a legacy pkcs12 is one that OpenSSL 3 does not read without its legacy provider', async () => {
    const pfx = await authority.pkcs12(await authority.issue(), 'password', { legacy: true })
    expect(() => createSecureContext({ pfx, passphrase: 'password' })).toThrow(/[Uu]nsupported/)
    const path = join(authority.folder, 'legacy.p12')
    await writeFile(path, pfx)
    const args = ['pkcs12', '-legacy', '-in', path, '-passin', 'pass:password', '-nokeys']
    expect((await openssl(args, { cwd: '/' })).toString()).toContain('BEGIN CERTIFICATE')
  })
})

describe('revocation', () => {
  test('a CRL names what was revoked, why and when, and nothing else', async () => {
    const signer = await authority.intermediate()
    const [revoked, good] = await Promise.all([signer.issue(), signer.issue()])
    signer.revoke(revoked, { reason: 'superseded', at: new Date('2020-01-02T03:04:05Z') })
    const path = join(authority.folder, 'one.crl')
    await writeFile(path, await signer.crl())
    const text = (await openssl(['crl', '-noout', '-text', '-in', path], { cwd: '/' })).toString()
    expect(text).toMatch(
      `Serial Number: ${revoked.serial}\n        Revocation Date: Jan  2 03:04:05 2020 GMT`,
    )
    expect(text).toContain('Superseded')
    expect(text).not.toContain(good.serial)
  })

  test.each([
    [false, 'accepted'],
    [true, 'CRL_HAS_EXPIRED'],
  ])('a client that looks into a CRL with expired: %s says: %s', async (expired, outcome) => {
    const client = { ca: authority.certificatePem, crl: await authority.crl({ expired }) }
    expect(await handshake(server(await authority.issue()), client)).toMatchObject({ outcome })
  })

  test.each([
    [{}, /: good\n/],
    [{ status: 'revoked' }, /: revoked\n.*\n\tReason: keyCompromise\n/s],
    [{ status: 'unknown' }, /: unknown\n/],
    [{ expired: true }, /: WARNING: Status times invalid/],
    [{ status: 'revoked', expired: true }, /: WARNING: Status times invalid/],
  ] as const)('an OCSP response with %o is one', async (options, expected) => {
    const signer = await authority.intermediate()
    const certificate = await signer.issue()
    const path = join(authority.folder, `${certificate.serial}.ocsp`)
    await writeFile(path, await signer.ocspResponse(certificate, options))
    const about = ['-issuer', signer.certificatePath, '-cert', certificate.certificatePath, '-no_nonce']
    const args = ['ocsp', '-respin', path, '-CAfile', authority.certificatePath, ...about]
    expect((await openssl(args, { cwd: '/' })).toString()).toMatch(expected)
  })

  test('after revoke an OCSP response says revoked without being asked to', async () => {
    const certificate = await authority.issue()
    const before = await authority.ocspResponse(certificate, { status: 'revoked' })
    authority.revoke(certificate)
    const after = await authority.ocspResponse(certificate)
    const good = await authority.ocspResponse(certificate, { status: 'good' })
    // A revoked one holds a time and a reason more.
    expect([before.length > good.length + 10, after.length > good.length + 10]).toEqual([true, true])
  })

  test('an authority does not judge what another has issued', async () => {
    const certificate = await (await authority.stranger()).issue()
    expect(() => authority.revoke(certificate)).toThrow(RangeError)
    expect(() => authority.ocspResponse(certificate)).toThrow(RangeError)
  })
})

describe('the folder', () => {
  test('closing the authority removes it; closing one below does not', async () => {
    const own = await makeCertificateAuthority({ name: 'My own' })
    expect(parsed(own.certificate).subject).toBe('CN=My own')
    const below = await own.intermediate()
    await below.close()
    expect(existsSync(own.folder)).toBe(true)
    await own.close()
    await own.close()
    expect(existsSync(own.folder)).toBe(false)
  })

  test('it goes when the authority cannot be made', async () => {
    const error: Error = await makeCertificateAuthority({ notAfter: new Date(8.64e15) }).catch((e) => e)
    const folder = /\S*\/shrapnel-\w+/.exec(error.message)?.[0] ?? ''
    expect(folder).not.toBe('')
    expect(existsSync(folder)).toBe(false)
  })

  test.each(['exit', 'throw', 'be killed'])(
    'it goes with a test process that ends by "%s"',
    async (ending) => {
      const program = fileURLToPath(new URL('programs/dies-with-an-authority.mjs', import.meta.url))
      const { stdout } = await runProgram(program, { args: [ending] })
      const folder = stdout.trim()
      expect(folder).toMatch(/shrapnel-/)
      await expect.poll(() => existsSync(folder), { timeout: 5_000, interval: 10 }).toBe(false)
    },
  )
})
