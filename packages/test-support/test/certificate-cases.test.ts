import { writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { certificateCases } from '../src/certificate-cases.js'
import type { TestSupportError } from '../src/errors.js'
import { openssl } from '../src/openssl-command.js'
import { handshake } from './handshake.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

describe.each(certificateCases.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  const { host, make, needs, nodeCode, reason, verifyError } = row

  test(`openssl verify says: ${reason}`, async () => {
    const { certificate, presentedPath, crlPem } = await make(authority)
    const crlPath = join(authority.folder, `${certificate.serial}.crl`)
    await writeFile(crlPath, crlPem)
    const asked = [isIP(host) === 0 ? '-verify_hostname' : '-verify_ip', host]
    const level = ['-auth_level', needs === 'security-level-2' ? '2' : '0']
    const crl = needs === 'crl' ? ['-crl_check', '-CRLfile', crlPath] : []
    const trusted = ['-CAfile', authority.certificatePath, '-untrusted', presentedPath]
    const wishes = [...trusted, '-purpose', 'sslserver', ...asked, ...level, ...crl]
    const verifying = openssl(['verify', ...wishes, certificate.certificatePath], { cwd: '/' })
    const said = await verifying.then(String, (error: TestSupportError) => error.output)
    const refusal = new RegExp(`^error ${verifyError} at \\d depth lookup: ${reason}$`, 'm')
    expect(said).toMatch(verifyError === 0 ? /: OK\n$/ : refusal)
  })

  test(`Node’s tls says: ${nodeCode ?? reason}`, async () => {
    const { certificate, presentedPem, crlPem } = await make(authority)
    const { outcome, message } = await handshake(
      { cert: presentedPem, key: certificate.keyPem, ciphers: 'DEFAULT:@SECLEVEL=0' },
      {
        ca: authority.certificatePem,
        servername: isIP(host) === 0 ? host : '',
        // Without a servername it checks for the host, which is the address.
        crl: needs === 'crl' ? crlPem : [],
        ciphers: `DEFAULT:@SECLEVEL=${needs === 'security-level-2' ? 2 : 0}`,
      },
    )
    const expected = nodeCode ?? (verifyError === 0 ? 'accepted' : reason)
    expect(nodeCode === undefined ? `${outcome} ${message}` : outcome).toContain(expected)
  })
})
