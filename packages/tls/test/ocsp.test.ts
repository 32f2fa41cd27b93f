/** OCSP responses that come with the certificate: what a client makes of them, and what a server gives. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer, connect as nodeConnect, type Server } from 'node:tls'
import { memoryStreamPair, spawn } from '@shrapnel/core'
import { type Certificate, startNginx, startOpensslClient, startOpensslServer } from '@shrapnel/test-support'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type ConnectOptions, type OcspMode, type ServerOptions, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

let plain: Certificate
let mustStaple: Certificate
let good: Buffer
const staples: Record<string, Buffer> = {}

beforeAll(async () => {
  const { authority } = here
  ;[plain, mustStaple] = await Promise.all([authority.issue(), authority.issue({ mustStaple: true })])
  good = await authority.ocspResponse(plain)
  const changed = Buffer.from(good)
  // The time at which it was made, which is signed.
  const at = changed.indexOf(Buffer.from([0x18, 15])) + 2
  changed.write(
    changed.toString('latin1', at, at + 14).replace(/.$/, (digit) => `${9 - Number(digit)}`),
    at,
  )
  Object.assign(staples, {
    good,
    changed,
    expired: await authority.ocspResponse(plain, { expired: true }),
    revoked: await authority.ocspResponse(plain, { status: 'revoked' }),
    unknown: await authority.ocspResponse(plain, { status: 'unknown' }),
    another: await authority.ocspResponse(mustStaple),
    // A responder that is busy (RFC 6960, 4.2.1).
    busy: Buffer.from('30030a0103', 'hex'),
    garbage: Buffer.from('no answer at all'),
    own: signedBy(plain),
    delegated: signedBy(responder('OCSPSigning')),
    impostor: signedBy(responder('serverAuth')),
  })
}, 60_000)

interface Signer {
  readonly certificatePath: string
  readonly keyPath: string
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { env: { ...process.env, OPENSSL_CONF: '/dev/null' }, stdio: 'pipe' })
}

/** An answer about `plain` that somebody else has signed, whose certificate comes with it. */
function signedBy({ certificatePath, keyPath }: Signer, validity = ['-ndays', '7']): Buffer {
  const { authority } = here
  const folder = mkdtempSync(join(authority.folder, 'signed-'))
  const index = join(folder, 'index')
  writeFileSync(index, `V\t391231235959Z\t\t${plain.serial}\tunknown\t/CN=-\n`)
  const ca = authority.certificatePath
  const signer = ['-CA', ca, '-rsigner', certificatePath, '-rkey', keyPath, '-rmd', 'sha256']
  const question = ['-issuer', ca, '-cert', plain.certificatePath, '-no_nonce']
  const response = join(folder, 'response')
  openssl(['ocsp', '-index', index, ...validity, ...signer, ...question, '-noverify', '-respout', response])
  return readFileSync(response)
}

/** Somebody whom the authority has given a certificate for `purpose`. */
function responder(purpose: string): Signer {
  const { authority } = here
  const folder = mkdtempSync(join(authority.folder, 'responder-'))
  const file = (name: string) => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  writeFileSync(file('extensions'), `extendedKeyUsage = ${purpose}\nkeyUsage = digitalSignature\n`)
  openssl(['req', '-new', ...key, '-subj', '/CN=responder', '-keyout', file('key'), '-out', file('request')])
  const issuer = ['-CA', authority.certificatePath, '-CAkey', authority.keyPath]
  const files = ['-in', file('request'), '-extfile', file('extensions'), '-out', file('certificate')]
  openssl(['x509', '-req', '-days', '2', ...issuer, '-set_serial', '0x77', ...files])
  return { certificatePath: file('certificate'), keyPath: file('key') }
}

/** Node's server gives whatever it is told. */
async function nodeServer(certificate: Certificate, staple: Buffer | undefined): Promise<Server> {
  const { chainPem: cert, keyPem: key } = certificate
  const server = createServer({ cert, key }, (conn) => conn.on('error', () => undefined).end('hello'))
  if (staple !== undefined)
    server.on('OCSPRequest', (_cert: unknown, _issuer: unknown, done: (e: null, r: Buffer) => void) =>
      done(null, staple),
    )
  server.listen(0)
  await once(server, 'listening')
  return server
}

async function visit(port: number, options: ConnectOptions): Promise<string> {
  const common = { ca: here.client.ca, sessions: 'none' } as const
  const stream = await tls.connect('localhost', port, { ...common, ...options }).catch((error) => error)
  if (stream instanceof Error) return (stream as Error & { code: string }).code
  await stream.recv()
  stream.close()
  return 'fine'
}

describe.each(VERSIONS)('a client of %s', (version) => {
  const verdicts: readonly (readonly [staple: string, accept: string, require: string])[] = [
    ['good', 'fine', 'fine'],
    ['none', 'fine', 'TLS_OCSP_MISSING'],
    ['expired', 'TLS_OCSP_EXPIRED', 'TLS_OCSP_EXPIRED'],
    ['revoked', 'TLS_OCSP_REVOKED', 'TLS_OCSP_REVOKED'],
    ['unknown', 'TLS_OCSP_UNKNOWN', 'TLS_OCSP_UNKNOWN'],
    ['changed', 'TLS_OCSP_BAD_SIGNATURE', 'TLS_OCSP_BAD_SIGNATURE'],
    ['another', 'TLS_OCSP_MALFORMED', 'TLS_OCSP_MALFORMED'],
    ['busy', 'TLS_OCSP_MALFORMED', 'TLS_OCSP_MALFORMED'],
    ['garbage', 'TLS_OCSP_MALFORMED', 'TLS_OCSP_MALFORMED'],
    // The server must not be able to speak for itself, nor anybody else who has a certificate.
    ['own', 'TLS_OCSP_BAD_SIGNATURE', 'TLS_OCSP_BAD_SIGNATURE'],
    ['impostor', 'TLS_OCSP_BAD_SIGNATURE', 'TLS_OCSP_BAD_SIGNATURE'],
    ['delegated', 'fine', 'fine'],
  ]
  test.each(verdicts)('given a response that is %s', async (name, accept, require) => {
    const server = await nodeServer(plain, name === 'none' ? undefined : (staples[name] as Buffer))
    const { port } = server.address() as AddressInfo
    const said: string[] = []
    for (const ocsp of ['off', 'accept', 'require'] satisfies OcspMode[])
      said.push(await visit(port, { ocsp, maxVersion: version }))
    expect(said).toEqual(['fine', accept, require])
    server.close()
  })

  test('a certificate that must come with one is refused without, if anybody asks', async () => {
    const server = await nodeServer(mustStaple, undefined)
    const { port } = server.address() as AddressInfo
    expect(await visit(port, { ocsp: 'off', maxVersion: version })).toBe('fine')
    expect(await visit(port, { ocsp: 'accept', maxVersion: version })).toBe('TLS_OCSP_MISSING')
    server.close()
    const obeying = await nodeServer(mustStaple, staples.another)
    const { port: other } = obeying.address() as AddressInfo
    expect(await visit(other, { ocsp: 'accept', maxVersion: version })).toBe('fine')
    obeying.close()
  })

  test('openssl s_server and nginx staple what we take', async () => {
    const file = join(here.authority.folder, `staple-${version}`)
    writeFileSync(file, good)
    const certificate = plain
    await using openssl = await startOpensslServer({ certificate, args: ['-status_file', file, '-rev'] })
    await using nginx = await startNginx({
      certificate,
      directives: `ssl_stapling on; ssl_stapling_file ${file};`,
    })
    for (const { port } of [openssl, nginx]) {
      const stream = await tls.connect('localhost', port, {
        ca: here.client.ca,
        ocsp: 'require',
        maxVersion: version,
      })
      expect(stream.facts.isResumed).toBe(false)
      stream.close()
    }
  })
})

test('the server is told why, and the error names it', async () => {
  const server = await nodeServer(plain, staples.revoked)
  const failed = once(server, 'tlsClientError')
  const { port } = server.address() as AddressInfo
  await expect(tls.connect('localhost', port, { ca: here.client.ca, ocsp: 'accept' })).rejects.toMatchObject({
    code: 'TLS_OCSP_REVOKED',
    message: expect.stringContaining('revoked') as string,
    alert: { number: 113, by: 'us' },
  })
  expect(((await failed)[0] as { reason: string }).reason).toContain('bad certificate status response')
  server.close()
})

describe('a server', () => {
  const serve = async (
    options: Partial<ServerOptions>,
    client: ConnectOptions = { ocsp: 'require' },
  ): Promise<string> => {
    const { chainPem: cert, keyPem: key } = plain
    const listener = tls.listen({ port: 0, cert, key, ...options })
    spawn({ daemon: true }, async () => {
      for await (const stream of listener) {
        await stream.send('hello')
        await stream.end()
      }
    })
    const said = await visit(listener.port, client)
    listener.close()
    return said
  }

  test('gives a response, one of several, and what a function has at the time', async () => {
    expect(await serve({ ocspResponse: good })).toBe('fine')
    expect(await serve({ ocspResponse: [staples.another as Buffer, good] })).toBe('fine')
    const ocspResponse = vi.fn<() => Buffer | undefined>(() => undefined)
    expect(await serve({ ocspResponse })).toBe('TLS_OCSP_MISSING')
    ocspResponse.mockReturnValue(good)
    expect(await serve({ ocspResponse })).toBe('fine')
    expect(ocspResponse).toHaveBeenCalledTimes(2)
  })

  test('gives none that has expired, is about another certificate, or is not one', async () => {
    for (const ocspResponse of [staples.expired as Buffer, staples.another as Buffer])
      expect(await serve({ ocspResponse })).toBe('TLS_OCSP_MISSING')
    for (const staple of ['garbage', 'busy'])
      expect(await serve({ ocspResponse: () => staples[staple] as Buffer })).toBe('TLS_OCSP_MISSING')
    expect(await serve({ ocspResponse: () => staples.garbage as Buffer }, {})).toBe('fine')
  })

  test('refuses at once what is no response', () => {
    const options = { port: 0, cert: plain.chainPem, key: plain.keyPem }
    for (const staple of ['garbage', 'busy'])
      expect(() => tls.listen({ ...options, ocspResponse: staples[staple] as Buffer })).toThrow(
        expect.objectContaining({ code: 'TLS_OPTION' }),
      )
    expect(() => tls.listen({ ...options, ocspResponse: 'text' as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  test('gives it to openssl s_client and node:tls, over TLS 1.2 and 1.3', async () => {
    const { authority } = here
    const { chainPem: cert, keyPem: key } = plain
    const listener = tls.listen({ port: 0, cert, key, ocspResponse: good })
    spawn({ daemon: true }, async () => {
      for await (const stream of listener) await stream.end()
    })
    for (const flag of ['-tls1_2', '-tls1_3']) {
      await using client = await startOpensslClient({
        port: listener.port,
        authority,
        args: ['-status', flag],
      })
      await client.until(/OCSP Response Status: successful/)
      await client.until(/Cert Status: good/)
    }
    const options = { port: listener.port, host: 'localhost', ca: here.client.ca, requestOCSP: true }
    const node = nodeConnect(options)
    const [response] = await once(node, 'OCSPResponse')
    expect(good.equals(response as Buffer)).toBe(true)
    node.destroy()
    listener.close()
  })
})

test('a session goes on without another response, until the one that it began with expires', async () => {
  const { chainPem: cert, keyPem: key } = plain
  const answer = { ocspResponse: signedBy(here.authority, ['-nmin', '60']) }
  tls.sessions.clear()
  const resumed: boolean[] = []
  for (const ocspResponse of [answer.ocspResponse, undefined]) {
    const [left, right] = memoryStreamPair()
    const [client, server] = await Promise.all([
      tls.upgrade(left, { ...here.client, ocsp: 'require' }),
      tls.upgrade(right, {
        cert,
        key,
        isServer: true,
        ...(ocspResponse === undefined ? {} : { ocspResponse }),
      }),
    ])
    await server.send('!')
    await client.recv()
    resumed.push(client.facts.isResumed)
    client.close()
    server.close()
  }
  expect(resumed).toEqual([false, true])
  const [entry] = tls.sessions.entries()
  const minutes = ((entry?.expiresAt ?? 0) - Date.now()) / 60_000
  expect(minutes).toBeGreaterThan(55)
  expect(minutes).toBeLessThan(61)
})

test.each([
  ['a yes', { ocsp: true }, 'ERR_INVALID_ARG_TYPE'],
  ['a word', { ocsp: 'perhaps' }, 'ERR_OUT_OF_RANGE'],
  ['what nobody could verify', { ocsp: 'require', verify: false }, 'ERR_OUT_OF_RANGE'],
])('refuses %s', async (_why, options, code) => {
  expect(await visit(1, options as never)).toBe(code)
})
