import { readFile } from 'node:fs/promises'
import {
  type CertificateAuthority,
  dig,
  makeCertificateAuthority,
  TEST_REVERSE_ZONE,
  TEST_ZONE,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DnsServer } from '../../src/server/dns-server.js'
import { serve } from '../../src/server/serve.js'
import { zone, zones } from '../../src/server/zone.js'
import { formatRecord, parseZone, type ResourceRecord } from '../../src/wire/index.js'

let authority: CertificateAuthority
let server: DnsServer

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const certificate = await authority.issue({ names: ['dns.test'] })
  const tls = { cert: certificate.chainPem, key: await readFile(certificate.keyPath), port: 0 }
  server = await serve({ port: 0, tls }, zones(zone(TEST_ZONE), zone(TEST_REVERSE_ZONE)))
})

afterAll(async () => {
  server.close()
  await authority.close()
})

function sorted(records: readonly ResourceRecord[]): string[] {
  return records.map(formatRecord).sort()
}

describe.each(['dig', 'kdig'] as const)('%s', (command) => {
  test('it reads every record of the zone as the zone has it', async () => {
    // What is delegated gets no answer, and LOC has a form of its own that only they know.
    const isDelegated = /^(sub|glueless|ns\.sub)\./
    const records = parseZone(TEST_ZONE).filter(
      ({ name, type }) => type === 'DS' || (type !== 'LOC' && !isDelegated.test(name)),
    )
    const questions = [...new Set(records.map(({ name, type }) => `${name}. ${type}`))].map((each) =>
      each.split(' '),
    )
    const { stdout, code } = await dig(questions.flat(), {
      command,
      port: server.port,
      args: ['+noall', '+answer'],
    })
    expect(code).toBe(0)
    const answers = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
    expect(sorted(parseZone(answers.join('\n')))).toEqual(sorted(records))
  })

  test('truncated by UDP, it comes back by TCP', async () => {
    const { stdout } = await dig(['long.example.test', 'TXT'], { command, port: server.port })
    expect(stdout).toMatch(/Truncated, retrying in TCP|TCP\)/)
    expect(stdout).toContain('39-abcdefghij')
  })

  test.each([
    ['a.wild.example.test', 'A', 'NOERROR'],
    ['nowhere.example.test', 'A', 'NXDOMAIN'],
    ['other.test', 'A', 'REFUSED'],
  ])('%s %s is %s', async (name, type, status) => {
    const { stdout } = await dig([name, type], { command, port: server.port })
    expect(stdout).toContain(`status: ${status}`)
  })

  test('it speaks TLS, and verifies', async () => {
    const { stdout } = await dig(['www.example.test', 'A'], {
      command,
      port: server.tlsPort ?? 0,
      args: tlsArgs(),
    })
    expect(stdout).toMatch(/www\.example\.test\.\s+3600\s+IN\s+A\s+192\.0\.2\.80/)
  })
})

function tlsArgs(): string[] {
  return ['+tls', `+tls-ca=${authority.certificatePath}`, '+tls-hostname=dns.test']
}

test('a padded query by TLS gets a padded answer, and others do not', async () => {
  const ask = async (padding: string): Promise<string> => {
    const args = [...tlsArgs(), padding]
    return (await dig(['www.example.test'], { command: 'kdig', port: server.tlsPort ?? 0, args })).stdout
  }
  expect(await ask('+padding')).toMatch(/Received 468 B/)
  expect(await ask('+nopadding')).toMatch(/Received \d\d B/)
})

test('an address leads to its name', async () => {
  const { stdout } = await dig(['-x', '192.0.2.80', '+short'], { port: server.port })
  expect(stdout).toBe('www.example.test.\n')
})
