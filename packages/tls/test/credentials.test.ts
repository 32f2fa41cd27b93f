/** Certificates and keys in every form that they are kept in, and what is said of those that cannot be used. */
import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { socketPair } from '@shrapnel/core'
import { type Certificate, commandPath } from '@shrapnel/test-support'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Credentials, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
let plain: Certificate
let locked: Certificate
let rsa: Certificate
let p384: Certificate
let keys = 0

beforeAll(async () => {
  plain = await here.authority.issue()
  locked = await here.authority.issue({ passphrase: 'open sesame' })
  p384 = await here.authority.issue({ keyType: 'ec-p384' })
  rsa = await here.authority.issue({ keyType: 'rsa-2048' })
}, 60_000)

const der = (pem: string) => new X509Certificate(pem).raw
/** The fingerprint that a client gets. */
async function shown(options: Credentials, signatureAlgorithms?: string): Promise<string | undefined> {
  const [left, right] = socketPair()
  const more = signatureAlgorithms === undefined ? {} : { signatureAlgorithms }
  const [client, server] = await Promise.all([
    tls.upgrade(left, { ...here.client, ...more }),
    tls.upgrade(right, { ...options, isServer: true }),
  ])
  const { fingerprint256 } = client.peerCertificate ?? {}
  client.close()
  server.close()
  return fingerprint256
}

describe('a server shows what it was given', () => {
  const forms: readonly (readonly [string, () => Promise<Credentials>, () => Certificate])[] = [
    ['PEM', async () => ({ cert: plain.chainPem, key: plain.keyPem }), () => plain],
    [
      'PEM in bytes',
      async () => ({ cert: Buffer.from(plain.chainPem), key: Buffer.from(plain.keyPem) }),
      () => plain,
    ],
    ['PEM, all in one', async () => ({ cert: plain.keyPem + plain.chainPem }), () => plain],
    ['DER', async () => ({ cert: [der(plain.certificatePem)], key: derKey(plain, 'pkcs8') }), () => plain],
    [
      'DER of a traditional key',
      async () => ({ cert: der(plain.certificatePem), key: derKey(plain, 'sec1') }),
      () => plain,
    ],
    [
      'an encrypted key',
      async () => ({ cert: locked.chainPem, key: locked.keyPem, passphrase: 'open sesame' }),
      () => locked,
    ],
    [
      'a traditional encrypted key',
      async () => ({
        cert: plain.chainPem,
        key: await here.authority.encryptedKey(plain, 'x', { format: 'traditional' }),
        passphrase: 'x',
      }),
      () => plain,
    ],
    [
      'an encrypted key in DER',
      async () => ({ cert: plain.chainPem, key: await encryptedDer(plain, 'x'), passphrase: 'x' }),
      () => plain,
    ],
    [
      'a long encrypted key in DER, by an old way of encrypting',
      async () => ({
        cert: rsa.chainPem,
        key: await encryptedDer(rsa, 'grüße', ['-v2', 'des3', '-v2prf', 'hmacWithSHA1']),
        passphrase: 'grüße',
      }),
      () => rsa,
    ],
    [
      'PKCS#12',
      async () => ({ pfx: await here.authority.pkcs12(plain, 'pass'), passphrase: 'pass' }),
      () => plain,
    ],
    [
      'PKCS#12 without a passphrase',
      async () => ({ pfx: await here.authority.pkcs12(plain, '') }),
      () => plain,
    ],
  ]
  test.each(forms)('as %s', async (_form, make, certificate) => {
    expect(await shown(await make())).toBe(certificate().fingerprint)
  })

  test('PKCS#12 brings its intermediates', async () => {
    const below = await (await here.authority.intermediate()).issue()
    expect(await shown({ pfx: await here.authority.pkcs12(below, 'p'), passphrase: 'p' })).toBe(
      below.fingerprint,
    )
  })

  test('with several types of key the client’s signature algorithms choose', async () => {
    const options = {
      cert: plain.chainPem,
      key: plain.keyPem,
      certificates: [{ cert: rsa.chainPem, key: rsa.keyPem }],
    }
    expect(await shown(options)).toBe(plain.fingerprint)
    expect(await shown(options, 'RSA-PSS+SHA256')).toBe(rsa.fingerprint)
    const only = { certificates: [{ cert: rsa.chainPem, key: rsa.keyPem }] }
    expect(await shown(only as unknown as Credentials)).toBe(rsa.fingerprint)
  })
})

describe('what cannot be used is refused in words', () => {
  const wrong: readonly (readonly [string, () => Promise<object>, RegExp])[] = [
    [
      'a key of another certificate',
      async () => ({ cert: plain.chainPem, key: here.server.key }),
      /not the certificate's/,
    ],
    [
      'a key of another type',
      async () => ({ cert: plain.chainPem, key: rsa.keyPem }),
      /not the certificate's/,
    ],
    [
      'a key on another curve',
      async () => ({ cert: plain.chainPem, key: p384.keyPem }),
      /not the certificate's/,
    ],
    [
      'a passphrase that is missing',
      async () => ({ cert: locked.chainPem, key: locked.keyPem }),
      /passphrase is missing/,
    ],
    [
      'a passphrase that is wrong',
      async () => ({ cert: locked.chainPem, key: locked.keyPem, passphrase: 'wrong' }),
      /passphrase is wrong/,
    ],
    [
      'a passphrase that is missing, of a key in DER',
      async () => ({ cert: plain.chainPem, key: await encryptedDer(plain, 'right') }),
      /passphrase is missing/,
    ],
    [
      'a passphrase that is wrong, of a key in DER',
      async () => ({ cert: plain.chainPem, key: await encryptedDer(plain, 'right'), passphrase: 'wrong' }),
      /passphrase is wrong/,
    ],
    [
      'an encrypted key in DER that is cut short',
      async () => ({
        cert: plain.chainPem,
        key: (await encryptedDer(plain, 'x')).subarray(0, 40),
        passphrase: 'x',
      }),
      /key is damaged/,
    ],
    ['a certificate without a key', async () => ({ cert: plain.chainPem }), /no private key/],
    [
      'a key in place of a certificate',
      async () => ({ cert: plain.keyPem, key: plain.keyPem }),
      /no certificate/,
    ],
    ['DER of something else', async () => ({ cert: plain.chainPem, key: der(plain.certificatePem) }), /key/],
    [
      'PKCS#12 with a wrong passphrase',
      async () => ({ pfx: await here.authority.pkcs12(plain, 'right'), passphrase: 'wrong' }),
      /passphrase is wrong/,
    ],
    [
      'PKCS#12 without its passphrase',
      async () => ({ pfx: await here.authority.pkcs12(plain, 'p') }),
      /passphrase is missing/,
    ],
    [
      'PKCS#12 of old programs',
      async () => ({ pfx: await here.authority.pkcs12(plain, 'p', { legacy: true }), passphrase: 'p' }),
      /no longer reads.*openssl pkcs12 -legacy/,
    ],
    ['no PKCS#12', async () => ({ pfx: Buffer.from('nonsense') }), /no PKCS#12/],
    [
      'two certificates for one type of key',
      async () => ({
        cert: plain.chainPem,
        key: plain.keyPem,
        certificates: [{ cert: here.server.cert, key: here.server.key }],
      }),
      /certificates\[0\]\.cert.*another one with a key of type ec/,
    ],
    [
      'a key that is too weak',
      async () => {
        const { chainPem: cert, keyPem: key } = await here.authority.issue({ keyType: 'rsa-1024' })
        return { cert, key }
      },
      /too weak.*2048 bits/,
    ],
  ]
  test.each(wrong)('%s', async (_why, make, words) => {
    const options = await make()
    expect(() => tls.listen({ port: 0, ...options })).toThrow(
      expect.objectContaining({ code: 'TLS_OPTION', message: expect.stringMatching(words) }),
    )
  })

  test('pfx beside cert, and what is no list of certificates', () => {
    for (const options of [
      { cert: 'x', pfx: Buffer.of(1) },
      { pfx: 'text' },
      { cert: 'x', certificates: {} },
    ])
      expect(() => tls.listen({ port: 0, ...(options as object) })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
  })
})

async function encryptedDer(
  { keyPath }: Certificate,
  passphrase: string,
  args: readonly string[] = [],
): Promise<Buffer> {
  const out = join(here.authority.folder, `${++keys}.der`)
  const pass = ['-passout', `pass:${passphrase}`]
  const command = ['pkcs8', '-topk8', '-in', keyPath, '-outform', 'DER', '-out', out, ...pass, ...args]
  await promisify(execFile)(commandPath('openssl'), command)
  return readFile(out)
}

function derKey({ keyPem }: Certificate, type: 'pkcs8' | 'sec1'): Buffer {
  return createPrivateKey(keyPem).export({ format: 'der', type })
}
