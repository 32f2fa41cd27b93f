/** Whom a client trusts: what Node does, what the system does, or what was given. */
import { rootCertificates } from 'node:tls'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { native } from '../src/native.js'
import { rootsOf, rootsPlan } from '../src/roots.js'
import { house } from './house.js'

const here = house()

async function trusted(env: Record<string, string>): Promise<Record<string, string>> {
  const { stdout, stderr } = await runProgram(new URL('programs/trusts.mjs', import.meta.url), {
    args: [here.server.cert, here.server.key, here.authority.certificatePem],
    // Those of this process must not matter.
    env: { NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/nonexistent', ...env },
    timeoutMs: 50_000,
  })
  expect(stderr).toBe('')
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
}

test('without more nobody trusts an authority of ours; given it is trusted, beside the others', async () => {
  expect(await trusted({})).toEqual({
    default: 'TLS_CERTIFICATE_ISSUER',
    node: 'TLS_CERTIFICATE_ISSUER',
    system: 'TLS_CERTIFICATE_ISSUER',
    all: 'trusted',
  })
}, 60_000)

test('NODE_EXTRA_CA_CERTS is trusted where Node is, SSL_CERT_FILE where the system is', async () => {
  expect(await trusted({ NODE_EXTRA_CA_CERTS: here.authority.certificatePath })).toEqual({
    default: 'trusted',
    node: 'trusted',
    system: 'TLS_CERTIFICATE_ISSUER',
    all: 'trusted',
  })
  expect(await trusted({ SSL_CERT_FILE: here.authority.certificatePath })).toMatchObject({
    default: 'TLS_CERTIFICATE_ISSUER',
    system: 'trusted',
  })
}, 60_000)

test('the roots of Node are read once for all threads of the process', () => {
  const plan = rootsPlan('ca', 'node')
  expect(plan).toEqual({ hasNode: true, hasSystem: false, pem: Buffer.alloc(0) })
  rootsOf('ca', plan)
  expect(native.rootsShared('node')).toBeDefined()
  expect(native.rootsShared('nobody')).toBeUndefined()
  expect(rootCertificates.length).toBeGreaterThan(100)
})
