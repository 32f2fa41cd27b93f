import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { startOpensslClient } from '../src/openssl-client.js'
import { untilText } from './tls-client.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

interface NodeServer extends AsyncDisposable {
  readonly port: number
  readonly server: Server
}

async function nodeServer(options: TlsOptions): Promise<NodeServer> {
  const server = createServer(options, (socket) => socket.setEncoding('utf8').on('error', () => {}))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.close()
    await once(server, 'close')
  }
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close }
}

const identity = async () => {
  const { chainPem, keyPem } = await authority.issue()
  return { cert: chainPem, key: keyPem }
}

describe('startOpensslClient', () => {
  test('it shakes hands with Node, says how, and text goes both ways', async () => {
    await using node = await nodeServer({ ...(await identity()), ALPNProtocols: ['h2'] })
    const connected = once(node.server, 'secureConnection') as Promise<[TLSSocket]>
    await using client = await startOpensslClient({ port: node.port, authority, args: ['-alpn', 'h2,other'] })
    expect(await client.handshake()).toEqual({
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      isResumed: false,
      alpn: 'h2',
      verifyError: 0,
      verifyReason: 'ok',
    })
    const [socket] = await connected
    expect(socket.servername).toBe('localhost')
    client.write('from the client\n')
    await untilText(socket, 'from the client\n')
    socket.write('from the server\n')
    await client.until(/^from the server$/)
    client.write('K\n')
    await client.until(/^KEYUPDATE$/)
    client.write('after the update\n')
    await untilText(socket, 'after the update\n')
    client.write('Q\n')
    await once(socket, 'end')
    expect(await client.ended()).toEqual({ code: 0, signal: null })
  })

  test('it resumes a session that it has kept', async () => {
    await using node = await nodeServer({ ...(await identity()), maxVersion: 'TLSv1.2' })
    const path = `${authority.folder}/session.pem`
    await using first = await startOpensslClient({ port: node.port, authority, args: ['-sess_out', path] })
    expect(await first.handshake()).toMatchObject({ protocol: 'TLSv1.2', isResumed: false, alpn: undefined })
    first.write('Q\n')
    await first.ended()
    await using second = await startOpensslClient({ port: node.port, authority, args: ['-sess_in', path] })
    expect(await second.handshake()).toMatchObject({ isResumed: true })
    second.write('Q\n')
    await second.ended()
  })

  test('it says what is wrong with a certificate, and goes on', async () => {
    const { chainPem, keyPem } = await authority.issue({ names: ['other.test'] })
    await using node = await nodeServer({ cert: chainPem, key: keyPem })
    await using client = await startOpensslClient({ port: node.port, authority })
    expect(await client.handshake()).toMatchObject({ verifyError: 62, verifyReason: 'hostname mismatch' })
    await using stranger = await startOpensslClient({ port: node.port })
    expect(await stranger.handshake()).toMatchObject({ verifyError: 21 })
    for (const each of [client, stranger]) {
      each.write('Q\n')
      await each.ended()
    }
  })

  test('a handshake that fails is an error that holds what it wrote', async () => {
    await using node = await nodeServer({ ...(await identity()), minVersion: 'TLSv1.3' })
    await using client = await startOpensslClient({ port: node.port, authority, args: ['-tls1_2'] })
    await expect(client.handshake()).rejects.toMatchObject({
      code: 'exited-early',
      output: expect.stringContaining('alert protocol version'),
    })
    expect(await client.ended()).toEqual({ code: 1, signal: null })
  })

  test('it shows its own certificate', async () => {
    const certificate = await (await authority.intermediate()).issue({
      purpose: 'client',
      passphrase: 'secret',
    })
    const ca = authority.certificatePem
    await using node = await nodeServer({ ...(await identity()), ca, requestCert: true })
    const connected = once(node.server, 'secureConnection') as Promise<[TLSSocket]>
    await using client = await startOpensslClient({ port: node.port, authority, certificate })
    const [socket] = await connected
    expect(socket.getPeerCertificate().fingerprint256).toBe(certificate.fingerprint)
    await client.handshake()
    client.write('Q\n')
    await client.ended()
  })
})
