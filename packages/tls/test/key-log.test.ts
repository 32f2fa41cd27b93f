/** Key logs: the lines of both ends, and whether a program that captures packets can use them. */
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { memoryStreamPair, type Stream, socketPair } from '@shrapnel/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { tls } from '../src/index.js'
import { house, secured } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
/** RFC 9850, 2.1 and 2.2. */
const LABELS = {
  'TLSv1.2': ['CLIENT_RANDOM'],
  'TLSv1.3': [
    'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    'CLIENT_TRAFFIC_SECRET_0',
    'EXPORTER_SECRET',
    'SERVER_HANDSHAKE_TRAFFIC_SECRET',
    'SERVER_TRAFFIC_SECRET_0',
  ],
}
const LINE = /^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}$/

afterEach(() => {
  vi.unstubAllEnvs()
  tls.sessions.clear()
})

const PAIRS: readonly (readonly [string, () => readonly [Stream, Stream]])[] = [
  ['sockets', () => socketPair()],
  ['streams in memory', () => memoryStreamPair()],
]

describe.each(PAIRS)('over %s', (_name, pair) => {
  test.each(VERSIONS)(
    'both ends give the same lines, by %s, and later connections other ones',
    async (version) => {
      const logs: string[][] = []
      for (let i = 0; i < 2; i++) {
        const ours: string[] = []
        const theirs: string[] = []
        const [client, server] = await secured(pair(), here, {
          client: { maxVersion: version, keyLog: (line) => ours.push(line) },
          server: { keyLog: (line) => theirs.push(line) },
        })
        expect(ours.map((line) => line.split(' ')[0]).sort()).toEqual(LABELS[version])
        for (const line of ours) expect(line).toMatch(LINE)
        expect(theirs.sort()).toEqual(ours.sort())
        logs.push(ours)
        client.close()
        server.close()
      }
      expect(new Set(logs.flat()).size).toBe(2 * LABELS[version].length)
    },
  )
})

test.each(VERSIONS)('they are those of node:tls, by %s', async (maxVersion) => {
  const { cert, key } = here.server
  const theirs: string[] = []
  const server = createServer({ cert, key, maxVersion })
  server.on('keylog', (line: Buffer) => theirs.push(String(line).trimEnd()))
  const accepted = once(server, 'secureConnection')
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ours: string[] = []
  const client = await tls.connect('localhost', port, {
    ca: here.client.ca,
    keyLog: (line) => ours.push(line),
  })
  await accepted
  expect(ours.sort()).toEqual(theirs.sort())
  client.close()
  server.close()
})

test('SSLKEYLOGFILE is used when that was asked for, and else not', async () => {
  const path = join(here.authority.folder, 'keys.log')
  vi.stubEnv('SSLKEYLOGFILE', path)
  const log = async (client: { keyLog?: boolean }, server: { keyLog?: boolean } = {}): Promise<number> => {
    for (const end of await secured(socketPair(), here, { client, server })) end.close()
    return readFileSync(path, { encoding: 'latin1', flag: 'a+' }).split('\n').length - 1
  }
  expect(await log({})).toBe(0)
  expect(await log({ keyLog: false })).toBe(0)
  expect(await log({ keyLog: true })).toBe(5)
  expect(await log({}, { keyLog: true })).toBe(10)
  vi.stubEnv('SSLKEYLOGFILE', '')
  expect(await log({ keyLog: true })).toBe(10)
})

test('the file is for its owner alone', async () => {
  const path = join(here.authority.folder, 'private.log')
  vi.stubEnv('SSLKEYLOGFILE', path)
  for (const end of await secured(socketPair(), here, { client: { keyLog: true } })) end.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a function that throws fails the handshake, and a handshake that fails has its lines', async () => {
  const keyLog = (): never => {
    throw new Error('full disk')
  }
  const [left, right] = socketPair()
  const server = tls.upgrade(right, { ...here.server, isServer: true }).then((conn) => conn.recv())
  await expect(tls.upgrade(left, { ...here.client, keyLog })).rejects.toThrow('full disk')
  expect(left.isClosed).toBe(true)
  // The client's last message may have gone out: then the server's handshake is done, and what it hears next is an end.
  await expect(server).rejects.toBeInstanceOf(Error)

  const lines: string[] = []
  const client = { serverName: 'elsewhere.test', keyLog: (line: string) => lines.push(line) }
  await expect(secured(socketPair(), here, { client })).rejects.toMatchObject({ code: expect.any(String) })
  expect(lines.length).toBeGreaterThan(0)
})

test('refuses what is neither yes, no nor a function', async () => {
  const options = { ...here.client, keyLog: 'yes' } as never
  await expect(tls.upgrade(socketPair()[0], options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
})
