import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, makeCertificateAuthority } from '../src/certificate-authority.js'
import { dig } from '../src/dig.js'
import { TEST_ORIGIN, TEST_ZONE } from '../src/dns-zone-text.js'
import { startKnot } from '../src/knot.js'
import { startNamed } from '../src/named.js'
import { signZone } from '../src/signed-zone.js'
import { startUnbound } from '../src/unbound.js'

let authority: CertificateAuthority

beforeAll(async () => {
  authority = await makeCertificateAuthority()
})

afterAll(() => authority.close())

describe.each([
  ['named', startNamed],
  ['unbound', startUnbound],
  ['knotd', startKnot],
])('%s', (_, start) => {
  test('it answers for the test zone by UDP and TCP', async () => {
    await using server = await start()
    const { port } = server
    expect((await dig(['www.example.test', 'A', '+short'], { port })).stdout).toBe('192.0.2.80\n')
    expect((await dig(['chain1.example.test', 'A', '+short', '+tcp'], { port })).stdout).toBe(
      'chain2.example.test.\nchain3.example.test.\nwww.example.test.\n192.0.2.80\n',
    )
    expect((await dig(['-x', '192.0.2.80', '+short'], { port })).stdout).toBe('www.example.test.\n')
    expect((await dig(['strange.example.test', 'TYPE65280', '+short'], { port })).stdout).toBe(
      '\\# 6 0102030405FF\n',
    )
    expect((await dig(['long.example.test', 'TXT', '+ignore'], { port })).stdout).toMatch(/flags: .*\btc\b/)
    expect((await dig(['long.example.test', 'TXT'], { port })).stdout).toContain('Truncated, retrying in TCP')
    expect((await dig(['nowhere.example.test', 'TXT'], { port })).stdout).toContain('status: NXDOMAIN')
  })

  test('a zone with a mistake is an error that holds its words', async () => {
    const zones = { 'wrong.test': '@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 300.0.0.1\n' }
    await expect(start({ zones })).rejects.toMatchObject({ output: expect.stringContaining('wrong.test') })
  })
})

test.each([
  ['unbound', startUnbound],
  ['knotd', startKnot],
])('%s: zones of a test, and a second server at the same port of another address', async (_, start) => {
  const zone = '@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 127.0.0.2\nhere 60 TXT "second"\n'
  await using first = await start({ zones: { 'one.test': zone.replace('second', 'first') } })
  const { port } = first
  await using second = await start({ zones: { 'one.test': zone }, host: '127.0.0.2', port })
  expect(second.port).toBe(port)
  const asked = ['here.one.test', 'TXT', '+short']
  expect((await dig(asked, { port })).stdout).toBe('"first"\n')
  expect((await dig(asked, { port, host: '127.0.0.2' })).stdout).toBe('"second"\n')
})

describe('DNS over TLS', () => {
  test.each([
    ['named', startNamed],
    ['unbound', startUnbound],
  ])('%s answers, and can be verified', async (_, start) => {
    await using server = await start({ certificate: await authority.issue({ names: ['dns.test'] }) })
    const args = ['+tls', `+tls-ca=${authority.certificatePath}`, '+tls-hostname=dns.test']
    const { stdout } = await dig(['www.example.test', '+short'], { port: server.tlsPort ?? 0, args })
    expect(stdout).toBe('192.0.2.80\n')
  })
})

describe('signZone', () => {
  test.each([false, true])(
    'Unbound takes what named serves of it for authentic (NSEC3: %s)',
    async (nsec3) => {
      const { text, ds } = await signZone(TEST_ORIGIN, TEST_ZONE, { nsec3 })
      await using named = await startNamed({ zones: { [TEST_ORIGIN]: text } })
      await using unbound = await startUnbound({
        zones: {},
        stubs: { [TEST_ORIGIN]: `127.0.0.1@${named.port}` },
        trustAnchors: [ds],
      })
      const { stdout } = await dig(['www.example.test', 'A', '+dnssec'], { port: unbound.port })
      expect(stdout).toMatch(/flags: [a-z ]*\bad\b/)
      expect(stdout).toContain('RRSIG')
      const denied = await dig(['nowhere.example.test', 'A', '+dnssec'], { port: unbound.port })
      expect(denied.stdout).toMatch(/status: NXDOMAIN[\s\S]*flags: [a-z ]*\bad\b/)
      expect(denied.stdout).toContain(nsec3 ? 'NSEC3' : 'NSEC')
    },
  )
})
