import { readFile } from 'node:fs/promises'
import { UdpSocket, withTimeout } from '@shrapnel/core'
import {
  type CertificateAuthority,
  makeCertificateAuthority,
  type ProgramResult,
  runProgram,
  startKnot,
  startServer,
  TEST_ZONES,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DnsServer } from '../../src/server/dns-server.js'
import { serve } from '../../src/server/serve.js'
import { zone, zones } from '../../src/server/zone.js'
import { sameName } from '../../src/wire/index.js'

const MAIN = new URL('../../dist/command/main.js', import.meta.url)

let authority: CertificateAuthority
let server: DnsServer

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const certificate = await authority.issue({ names: ['dns.test'] })
  const handler = zones(...Object.entries(TEST_ZONES).map(([origin, text]) => zone(text, { origin })))
  server = await serve(
    { port: 0, tls: { cert: certificate.chainPem, key: await readFile(certificate.keyPath), port: 0 } },
    (query) =>
      sameName(query.question.name, 'broken.test')
        ? {
            rcode: 'SERVFAIL',
            ednsOptions: [{ option: 'EXTENDED-ERROR', infoCode: 22, text: 'no authority' }],
          }
        : handler(query),
  )
})

afterAll(async () => {
  server.close()
  await authority.close()
})

function run(...args: string[]): Promise<ProgramResult> {
  return runProgram(MAIN, { args: ['--server', `127.0.0.1#${server.port}`, ...args] })
}

describe('the command', () => {
  test('it prints what came, section by section, and ends with 0', async () => {
    const { stdout, stderr, code } = await run('example.test', 'MX')
    expect(
      stdout
        .replace(/id: \d+/, 'id: 1')
        .replace(/\d+\.\d ms/, '1.0 ms')
        .replace(/:\d+ by/, ':53 by'),
    ).toBe(
      [
        ';; QUERY, status: NOERROR, flags: qr aa rd, id: 1',
        ';; EDNS: version 0, flags:, UDP: 1232 bytes',
        ';; QUESTION',
        ';example.test.  IN  MX',
        '',
        ';; ANSWER',
        'example.test.  3600  IN  MX  10 mail1.example.test.',
        'example.test.  3600  IN  MX  20 Mail2.example.test.',
        '',
        ';; ADDITIONAL',
        'mail1.example.test.  3600  IN  A     192.0.2.25',
        'mail1.example.test.  3600  IN  AAAA  2001:db8::25',
        'mail2.example.test.  3600  IN  A     192.0.2.26',
        '',
        ';; 127.0.0.1:53 by UDP in 1.0 ms',
        '',
      ].join('\n'),
    )
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  test('--short prints the data alone, aliases too', async () => {
    const { stdout, code } = await run('chain3.example.test', '--short')
    expect({ stdout, code }).toEqual({ stdout: 'www.example.test.\n192.0.2.80\n', code: 0 })
  })

  test('--json prints the message as one line, bytes as hexadecimal text', async () => {
    const { stdout, code } = await run('host.example.test', 'SSHFP', '--json', '--tcp')
    expect(JSON.parse(stdout)).toMatchObject({
      transport: 'tcp',
      rcode: 'NOERROR',
      isAuthoritative: true,
      answers: [
        {
          name: 'host.example.test',
          type: 'SSHFP',
          ttl: 3600,
          data: {
            algorithm: 4,
            fingerprintType: 2,
            fingerprint: '123456789abcdef67890123456789abcdef67890123456789abcdef123456789',
          },
          text: '4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF123456789',
        },
      ],
      edns: { udpPayloadBytes: 1232 },
    })
    expect(stdout.match(/\n/g)).toHaveLength(1)
    expect(code).toBe(0)
  })

  test('--reverse asks for the name of an address', async () => {
    expect((await run('-x', '192.0.2.80', '--short')).stdout).toBe('www.example.test.\n')
  })

  test('a truncated answer is asked for by TCP', async () => {
    const { stdout } = await run('long.example.test', 'TXT')
    expect(stdout).toMatch(/by TCP in/)
    expect(stdout).toContain('39-abcdefghij')
  })

  test('--tls verifies the name', async () => {
    const args = ['--tls', '--tls-ca', authority.certificatePath, 'www.example.test', '--short']
    const at = `@127.0.0.1#${server.tlsPort}`
    const good = await runProgram(MAIN, { args: [...args, '--tls-name', 'dns.test', at] })
    expect(good).toMatchObject({ stdout: '192.0.2.80\n', stderr: '', code: 0 })
    const bad = await runProgram(MAIN, { args: [...args, '--tls-name', 'other.test', at] })
    expect(bad).toMatchObject({ stdout: '', code: 9 })
    expect(bad.stderr).toContain('dns.test')
  })
})

describe('exit codes', () => {
  test.each([
    ['no such name', ['nowhere.example.test'], 1, /status: NXDOMAIN/, /^$/],
    ['no such type', ['www.example.test', 'MX'], 1, /status: NOERROR/, /^$/],
    ['an alias that leads nowhere', ['away.example.test'], 1, /CNAME/, /^$/],
    ['an alias that was asked for', ['away.example.test', 'CNAME'], 0, /CNAME/, /^$/],
    ['a wrong option', ['--colour', 'a'], 2, /^$/, /--colour/],
    ['no name', [], 2, /^$/, /which name/],
    ['a refusal, which is printed all the same', ['elsewhere.test'], 3, /status: REFUSED/, /REFUSED/],
    ['a refusal, of which there is no data', ['elsewhere.test', '--short'], 3, /^$/, /REFUSED/],
    [
      'a refusal, in JSON',
      ['elsewhere.test', '--json'],
      3,
      /"error":.*"EREFUSED".*"reply":.*"REFUSED"/,
      /^$/,
    ],
    [
      'a failure',
      ['broken.test'],
      3,
      /status: SERVFAIL.*\n.*EDNS.*\n.*extended error 22/,
      /SERVFAIL.*22: no authority/,
    ],
    ['no certificates', ['a', '--tls-ca', '/nowhere/ca.pem'], 2, /^$/, /ENOENT/],
  ])('%s', async (_, args, code, stdout, stderr) => {
    const result = await run(...args)
    expect(result.stdout).toMatch(stdout)
    expect(result.stderr).toMatch(stderr)
    expect(result.code).toBe(code)
  })

  test('no reply is 9, and says of whom', async () => {
    using silent = new UdpSocket()
    const { stderr, code } = await runProgram(MAIN, {
      args: ['@127.0.0.1', '-p', `${silent.address.port}`, 'a.test', '--timeout', '300'],
    })
    expect(stderr).toBe(`;; 127.0.0.1:${silent.address.port} did not answer\n`)
    expect(code).toBe(9)
  })

  test('nobody there is 9 too, and JSON says so on standard output', async () => {
    using taken = new UdpSocket()
    const { port } = taken.address
    taken.close()
    const { stdout, stderr, code } = await runProgram(MAIN, {
      args: ['@127.0.0.1', '-p', `${port}`, 'a.test', '--json'],
    })
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ECONNREFUSED' } })
    expect({ stderr, code }).toEqual({ stderr: '', code: 9 })
  })

  test('--help and --version need no name', async () => {
    expect(await runProgram(MAIN, { args: ['--help'] })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: '),
    })
    expect(await runProgram(MAIN, { args: ['-v'] })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
  })

  test('Ctrl-C ends it at once, with 130 and without a word', async () => {
    using silent = new UdpSocket()
    const { port } = silent.address
    await using program = await startServer({
      command: process.execPath,
      args: [MAIN.pathname, '@127.0.0.1', '-p', `${port}`, 'a.test', '--timeout', '60000'],
      ready: { started: true },
    })
    await withTimeout(5_000, () => silent.recvFrom())
    process.kill(program.pid, 'SIGINT')
    expect(await program.ended()).toEqual({ code: 130, signal: null })
    expect(program.output()).toBe('')
  })
})

describe('--trace', () => {
  const soa = '@ 60 SOA ns h 1 2 3 4 5\n'

  test('it walks from server to server, finds those without glue, and prints each step', async () => {
    const rootZone = `${soa}@ NS ns\nns A 127.0.0.1\ntest NS ns.test\nns.test A 127.0.0.2\nother NS ns.leaf.test\n`
    const testZone = `${soa}@ NS ns\nns A 127.0.0.2\nleaf NS ns.leaf\nns.leaf A 127.0.0.3\n`
    await using root = await startKnot({ zones: { '.': rootZone } })
    const { port } = root
    await using _ = await startKnot({ zones: { test: testZone }, host: '127.0.0.2', port })
    const leaf = zone(`${soa}@ NS ns\nns A 127.0.0.3\nwww A 192.0.2.1\n`, { origin: 'leaf.test' })
    const other = zone(`${soa}@ NS ns.leaf.test.\nwww A 192.0.2.2\n`, { origin: 'other' })
    await using own = await serve({ port, host: '127.0.0.3' }, zones(leaf, other))
    expect(own.port).toBe(port)
    const trace = (...args: string[]): Promise<ProgramResult> =>
      runProgram(MAIN, { args: ['--trace', '--server', `127.0.0.1#${port}`, ...args] })

    const long = await trace('www.leaf.test')
    expect(long.stdout.match(/^;;.*$/gm)?.map((line) => line.replace(/:\d+ by UDP in .*$/, ''))).toEqual([
      ';; zone ., 127.0.0.1, 127.0.0.1',
      ';; zone test, ns.test (127.0.0.2), 127.0.0.2',
      ';; zone leaf.test, ns.leaf.test (127.0.0.3), 127.0.0.3',
    ])
    expect(long.stdout).toMatch(/leaf\.test\.\s+\d+\s+IN\s+NS\s+ns\.leaf\.test\./)
    expect(long.stdout).toMatch(/www\.leaf\.test\.\s+60\s+IN\s+A\s+192\.0\.2\.1/)
    expect(long).toMatchObject({ stderr: '', code: 0 })

    const json = await trace('www.other', '--json')
    const steps = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string; zone: string; address: string })
    expect(steps.map(({ step, zone: of, address }) => `${step} ${of} ${address}`)).toEqual([
      'reply . 127.0.0.1',
      'address other 127.0.0.3',
      'reply other 127.0.0.3',
    ])

    expect(await trace('www.leaf.test', '--short')).toMatchObject({ stdout: '192.0.2.1\n', code: 0 })
    expect(await trace('nowhere.leaf.test')).toMatchObject({
      stdout: expect.stringContaining(';; NXDOMAIN, zone leaf.test'),
      code: 1,
    })
  })
})
