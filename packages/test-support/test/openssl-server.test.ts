import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { startOpensslServer } from '../src/openssl-server.js'
import { groupEnded } from '../src/process-group.js'
import { secureClient, untilText } from './tls-client.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

describe('startOpensslServer', () => {
  test('Node connects to it, and text goes both ways, one connection after the other', async () => {
    await using server = await startOpensslServer({ certificate: await authority.issue() })
    for (const text of ['first', 'second']) {
      const client = await secureClient(server.port, { ca: authority.certificatePem })
      expect(client.getProtocol()).toBe('TLSv1.3')
      client.write(`${text} from the client\n`)
      await server.until(new RegExp(`${text} from the client`))
      server.write(`${text} from the server\n`)
      await untilText(client, `${text} from the server\n`)
      client.destroy()
    }
  })

  test('its commands are obeyed: a KeyUpdate, then text under the new keys, then the end', async () => {
    await using server = await startOpensslServer({ certificate: await authority.issue() })
    const client = await secureClient(server.port, { ca: authority.certificatePem })
    server.write('K\n')
    await server.until(/SSL_do_handshake -> 1/)
    server.write('after the update\n')
    await untilText(client, 'after the update\n')
    client.destroy()
    // It reads commands only while somebody is connected.
    const last = await secureClient(server.port, { ca: authority.certificatePem })
    server.write('Q\n')
    expect(await server.ended()).toEqual({ code: 0, signal: null })
    last.destroy()
  })

  test('it sends the intermediates, once, unless told to forget them', async () => {
    const certificate = await (await authority.intermediate()).issue()
    await using complete = await startOpensslServer({ certificate })
    const client = await secureClient(complete.port, { ca: authority.certificatePem })
    const { issuerCertificate } = client.getPeerCertificate(true)
    expect(issuerCertificate.subject).toEqual(client.getPeerCertificate(true).issuer)
    expect(issuerCertificate.issuerCertificate.fingerprint256).toBe(authority.certificate.fingerprint)
    client.destroy()
    await using forgetful = await startOpensslServer({ certificate, sendsChain: false })
    await expect(secureClient(forgetful.port, { ca: authority.certificatePem })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
  })

  test('an encrypted key is no obstacle, and a protocol can be asked for', async () => {
    const certificate = await authority.issue({ passphrase: 'open sesame' })
    await using server = await startOpensslServer({ certificate, args: ['-tls1_2', '-alpn', 'h2'] })
    const client = await secureClient(server.port, { ca: authority.certificatePem, ALPNProtocols: ['h2'] })
    expect([client.getProtocol(), client.alpnProtocol]).toEqual(['TLSv1.2', 'h2'])
    client.destroy()
  })

  test('it wants a certificate from its clients if it has an authority for them', async () => {
    const certificate = await authority.issue()
    const own = await authority.issue({ purpose: 'client', commonName: 'somebody' })
    await using server = await startOpensslServer({
      certificate,
      clientAuthority: authority,
      args: ['-tls1_2'],
    })
    const trusting = { ca: authority.certificatePem }
    await expect(secureClient(server.port, trusting)).rejects.toMatchObject({
      code: expect.stringContaining('ALERT_HANDSHAKE_FAILURE'),
    })
    await server.until(/peer did not return a certificate/)
    const known = await secureClient(server.port, { ...trusting, cert: own.certificatePem, key: own.keyPem })
    await server.until(/subject=CN = somebody/)
    known.destroy()
  })

  test('it is gone when it is stopped', async () => {
    const server = await startOpensslServer({ certificate: await authority.issue() })
    await server.stop()
    expect(await groupEnded(server.pid, 0)).toBe(true)
  })
})
