import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { curl } from '../src/curl.js'
import { type NginxFacts, startNginx } from '../src/nginx.js'
import { secureClient, untilText } from './tls-client.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

describe('startNginx', () => {
  test('it tells Node what it knows of the connection', async () => {
    await using nginx = await startNginx({
      certificate: await authority.issue({ passphrase: 'open sesame' }),
    })
    const client = await secureClient(nginx.port, { ca: authority.certificatePem })
    client.write('GET / HTTP/1.0\r\n\r\n')
    await untilText(client, '"protocol":"TLSv1.3"')
    client.destroy()
  })

  test('curl is told too: of its name, its protocols and its certificate', async () => {
    const clientCa = `ssl_client_certificate ${authority.certificatePath}; ssl_verify_client optional;`
    const directives = `ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256; ${clientCa}`
    await using nginx = await startNginx({ certificate: await authority.issue(), directives })
    const certificate = await authority.issue({ purpose: 'client' })
    const { stdout } = await curl(`https://localhost:${nginx.port}/`, { authority, certificate })
    expect(JSON.parse(stdout)).toEqual({
      protocol: 'TLSv1.2',
      cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      serverName: 'localhost',
      alpn: 'h2',
      reused: '.',
      clientVerify: 'SUCCESS',
    } satisfies NginxFacts)
  })

  test('it serves files, with workers of its own as well', async () => {
    const certificate = await authority.issue()
    await using nginx = await startNginx({
      certificate,
      files: { 'a.bin': new Uint8Array(100_000) },
      workers: 2,
    })
    const args = ['--output', join(authority.folder, 'a.bin'), '--write-out', '%{http_code} %{size_download}']
    const { stdout } = await curl(`https://localhost:${nginx.port}/files/a.bin`, { authority, args })
    expect(stdout).toBe('200 100000')
  })

  test('another server for another name stands beside the first', async () => {
    const other = await authority.issue({ names: ['other.test'] })
    const blocks = `server {
      listen 127.0.0.1:$PORT ssl; server_name other.test;
      ssl_certificate ${other.chainPath}; ssl_certificate_key ${other.keyPath};
      location / { return 200 'the other'; }
    }`
    await using nginx = await startNginx({ certificate: await authority.issue(), blocks })
    const args = ['--resolve', `other.test:${nginx.port}:127.0.0.1`]
    const { stdout } = await curl(`https://other.test:${nginx.port}/`, { authority, args })
    expect(stdout).toBe('the other')
  })

  test('a directive that it does not know is an error that holds its words', async () => {
    const certificate = await authority.issue()
    await expect(startNginx({ certificate, directives: 'no_such_thing on;' })).rejects.toMatchObject({
      code: 'exited-early',
      output: expect.stringContaining('unknown directive "no_such_thing"'),
    })
  })
})

describe('curl', () => {
  test('what it refuses is a result with its code', async () => {
    await using nginx = await startNginx({ certificate: await authority.issue() })
    const strict = await curl(`https://localhost:${nginx.port}/`)
    expect(strict).toMatchObject({ code: 60, stdout: '' })
    expect(strict.stderr).toContain('unable to get local issuer certificate')
    expect(await curl(`https://localhost:${nginx.port}/`, { args: ['--insecure'] })).toMatchObject({
      code: 0,
    })
  })

  test('what it sends can be given', async () => {
    await using nginx = await startNginx({
      certificate: await authority.issue(),
      directives: "location /length { return 200 '$content_length'; }",
    })
    const args = ['--data-binary', '@-']
    const { stdout } = await curl(`https://localhost:${nginx.port}/length`, {
      authority,
      args,
      stdin: 'x'.repeat(999),
    })
    expect(stdout).toBe('999')
  })
})
