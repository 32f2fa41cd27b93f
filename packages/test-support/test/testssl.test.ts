import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { freePort } from '../src/free-port.js'
import { startNginx } from '../src/nginx.js'
import { runTestssl } from '../src/testssl.js'

/** A bash script that opens dozens of connections, on a machine with other work. */
const TIMEOUT_MS = 120_000

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

describe('runTestssl', { timeout: TIMEOUT_MS }, () => {
  test('it finds what is wrong, and how much', async () => {
    const old = 'ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;'
    await using nginx = await startNginx({ certificate: await authority.issue(), directives: old })
    const report = await runTestssl(nginx.port, {
      authority,
      sections: ['protocols'],
      timeoutMs: TIMEOUT_MS - 10_000,
    })
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: 'TLS1_2', severity: 'OK', finding: 'offered' }),
    )
    expect(report.worseThan('INFO').map(({ id, severity }) => `${id} ${severity}`)).toEqual(['TLS1_1 LOW'])
    expect(report.worseThan('LOW')).toEqual([])
    expect(report.output).toContain('Testing protocols')
  })

  test('a port where nothing answers is an error that holds its words', async () => {
    await expect(runTestssl(await freePort(), { sections: ['protocols'] })).rejects.toMatchObject({
      code: 'command-failed',
      output: expect.stringContaining('Unable to open a socket to 127.0.0.1:'),
    })
  })

  test('past its time it is ended', async () => {
    await using nginx = await startNginx({ certificate: await authority.issue() })
    await expect(runTestssl(nginx.port, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'program-timeout',
    })
  })
})
