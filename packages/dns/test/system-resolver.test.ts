/** The resolver of a machine, from its files down to the wire: with a name server of our own on loopback, and files in a folder. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { all, setResolver, sleep, spawn, tcp, withTimeout, yieldSlice } from '@shrapnel/core'
import {
  expectNoDescriptorLeak,
  runProgram,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseResolvConf } from '../src/system/resolv-conf.js'
import { SystemResolver, type SystemResolverOptions } from '../src/system-resolver.js'
import { SystemUpstream } from '../src/system-upstream.js'
import { type ServerTable, startTableServers, type TableServer } from './table-server.js'

const TABLE: ServerTable = {
  'db.corp.example A': [{ address: '127.0.0.1' }],
  'www.example A': [{ address: '192.0.2.1' }],
  'www.example AAAA': [{ address: '2001:db8::1' }],
  'broken.example A': 'SERVFAIL',
  'broken.example AAAA': 'SERVFAIL',
  'silent.example A': 'drop',
  'silent.example AAAA': 'drop',
  '_x._tcp.example SRV': [{ priority: 1, weight: 0, port: 80, target: 'www.example' }],
  '_none._tcp.example SRV': [{ priority: 0, weight: 0, port: 0, target: '.' }],
  '1.2.0.192.in-addr.arpa PTR': [{ target: 'www.example' }],
}

let folder: TemporaryFolder
let server: TableServer
let other: TableServer
let opened: SystemResolver[]

beforeEach(async () => {
  opened = []
  folder = await temporaryFolder()
  ;[server, other] = startTableServers(['127.0.0.1', '127.0.0.2'], TABLE) as [TableServer, TableServer]
  file('resolv.conf', `nameserver ${server.host}\nsearch corp.example\noptions timeout:1 attempts:2\n`)
  file('hosts', '127.0.0.1 localhost\n192.0.2.9 filed.example filed\n')
  file('nsswitch.conf', 'hosts: files dns\n')
})
afterEach(async () => {
  for (const resolver of opened) resolver.close()
  server[Symbol.dispose]()
  other[Symbol.dispose]()
  await folder.remove()
})

/** Written as editors and kubelets do: another file takes the name. */
function file(name: string, text: string): void {
  writeFileSync(join(folder.path, 'new'), text)
  renameSync(join(folder.path, 'new'), join(folder.path, name))
}

function open(options: SystemResolverOptions = {}): SystemResolver {
  const at = (name: string): string => join(folder.path, name)
  const paths = { resolvConf: at('resolv.conf'), hosts: at('hosts'), nsswitch: at('nsswitch.conf') }
  const resolver = new SystemResolver({ paths, port: server.port, ...options })
  opened.push(resolver)
  return resolver
}

const addresses = async (resolver: SystemResolver, host: string): Promise<string> =>
  (await resolver.lookup(host, { order: 'verbatim' })).map(({ address }) => address).join(' ')

describe('a lookup', () => {
  test('takes the search list, the hosts file and the servers of the machine, and remembers', async () => {
    const resolver = open()
    expect(await addresses(resolver, 'db')).toBe('127.0.0.1')
    expect(await addresses(resolver, 'filed')).toBe('192.0.2.9')
    expect(await addresses(resolver, 'www.example.')).toBe('2001:db8::1 192.0.2.1')
    expect(server.asked.sort()).toEqual([
      'db.corp.example A',
      'db.corp.example AAAA',
      'www.example A',
      'www.example AAAA',
    ])
    server.asked.length = 0
    expect(await addresses(resolver, 'DB')).toBe('127.0.0.1')
    expect(await addresses(resolver, 'www.example')).toBe('2001:db8::1 192.0.2.1')
    expect(server.asked).toEqual([])
    expect(resolver.flush()).toBeGreaterThan(0)
    expect(await addresses(resolver, 'db')).toBe('127.0.0.1')
    expect(server.asked).toHaveLength(2)
  })

  test('fails as getaddrinfo: not found, or again', async () => {
    const resolver = open()
    await expect(resolver.lookup('gone.example')).rejects.toMatchObject({
      code: 'ENOTFOUND',
      hostname: 'gone.example',
    })
    await expect(resolver.lookup('broken.example.')).rejects.toMatchObject({
      code: 'EAI_AGAIN',
      cause: { code: 'ESERVFAIL' },
      attempts: [{ server: `${server.host}:${server.port}` }],
    })
  })

  test('has one time for everything, from resolv.conf or the caller', async () => {
    await expect(open({ timeoutMs: 100 }).lookup('silent.example.')).rejects.toMatchObject({
      code: 'EAI_AGAIN',
    })
    file('resolv.conf', `nameserver ${server.host}\noptions timeout:2 attempts:3\n`)
    expect(open().inspect().resolvConf).toMatchObject({ timeoutMs: 2_000, attempts: 3 })
    await expect(open().lookup('silent.example.', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'EAI_AGAIN',
      attempts: [{ server: `${server.host}:${server.port}`, error: { code: 'ETIMEOUT' } }],
    })
  })

  test('that is cancelled leaves no coroutine and no descriptor, and the resolver as it was', async () => {
    const before = all().length
    const resolver = open()
    await expectNoDescriptorLeak(async () => {
      const looking = spawn(() => resolver.lookup('silent.example.'))
      while (server.asked.length < 2) await yieldSlice()
      looking.shutdown()
      await expect(looking.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
      await expect(withTimeout(5, () => resolver.lookup('silent.example.'))).rejects.toMatchObject({
        code: 'TIMEOUT',
      })
      while (all().length > before) await yieldSlice()
      server.asked.length = 0
    })
    expect(await addresses(resolver, 'db')).toBe('127.0.0.1')
  })

  test('of many for one name asks once for each family', async () => {
    const resolver = open()
    const found = await Promise.all(
      Array.from({ length: 100 }, () => spawn(() => addresses(resolver, 'www.example.')).join()),
    )
    expect(new Set(found)).toEqual(new Set(['2001:db8::1 192.0.2.1']))
    expect(server.asked.sort()).toEqual(['www.example A', 'www.example AAAA'])
  })
})

describe('resolv.conf', () => {
  test('that names other servers is followed, and what the former ones said is forgotten', async () => {
    other.table = {
      'db.lab.example A': [{ address: '127.0.0.7' }],
      'www.example A': [{ address: '192.0.2.77' }],
    }
    const resolver = open()
    expect(await addresses(resolver, 'www.example.')).toBe('2001:db8::1 192.0.2.1')
    file('resolv.conf', `nameserver ${other.host}\nsearch lab.example\n`)
    while (resolver.inspect().resolvConf.search[0] !== 'lab.example') await sleep(10)
    expect(await addresses(resolver, 'www.example.')).toBe('192.0.2.77')
    expect(await addresses(resolver, 'db')).toBe('127.0.0.7')
    expect(server.asked).toHaveLength(2)
  })

  test('that changes while a question is under way does not disturb it', async () => {
    file('resolv.conf', `nameserver ${server.host}\noptions timeout:30\n`)
    const resolver = open()
    server.table = { ...TABLE, 'late.example A': 'drop', 'late.example AAAA': 'drop' }
    const looking = spawn(() => addresses(resolver, 'late.example.'))
    while (server.asked.length < 2) await yieldSlice()
    file('resolv.conf', `nameserver ${server.host}\noptions rotate timeout:2\n`)
    while (!resolver.inspect().resolvConf.rotate) await sleep(10)
    server.table = { ...TABLE, 'late.example A': [{ address: '192.0.2.3' }] }
    expect(await looking.join()).toBe('192.0.2.3')
  })

  test('with use-vc means TCP alone', async () => {
    file('resolv.conf', `nameserver ${server.host}\noptions use-vc\n`)
    expect(await addresses(open(), 'www.example')).toBe('2001:db8::1 192.0.2.1')
    expect(server.asked.sort()).toEqual(['tcp www.example A', 'tcp www.example AAAA'])
  })

  test('gives way to servers that the program names', async () => {
    file('resolv.conf', 'nameserver 127.0.0.99\n')
    const resolver = open({ servers: [`${server.host}:${server.port}`] })
    expect(await addresses(resolver, 'www.example')).toBe('2001:db8::1 192.0.2.1')
  })
})

test('servers that are silent fail by themselves, before any limit around them, and each is named', async () => {
  const upstream = new SystemUpstream(parseResolvConf(`nameserver ${server.host}\n`), {
    port: server.port,
    timeoutMs: 100,
  })
  const question = { name: 'silent.example', type: 'A', class: 'IN' }
  await expect(upstream.ask(question)).rejects.toMatchObject({
    code: 'ETIMEOUT',
    attempts: [{ server: `${server.host}:${server.port}` }],
  })
  upstream.close()
})

test('hosts file changes are followed', async () => {
  const resolver = open()
  expect(await addresses(resolver, 'filed')).toBe('192.0.2.9')
  file('hosts', '192.0.2.10 filed\n')
  let found = ''
  while (found !== '192.0.2.10') {
    found = await addresses(resolver, 'filed')
    await sleep(10)
  }
  expect(server.asked).toEqual([])
})

test('services, reverse names and records come from the same servers', async () => {
  const resolver = open()
  expect(await resolver.service('_x._tcp.example')).toMatchObject([
    { host: 'www.example', port: 80, addresses: [{}, {}] },
  ])
  await expect(resolver.service('_none._tcp.example')).rejects.toMatchObject({
    code: 'ENODATA',
    message: expect.stringContaining('decidedly'),
  })
  expect(await resolver.reverse('192.0.2.1')).toEqual(['www.example'])
  expect(await resolver.reverse('192.0.2.9')).toEqual(['filed.example', 'filed'])
  const { records, ttl } = await resolver.resolve('www.example', 'A')
  expect(records[0]?.data.address).toBe('192.0.2.1')
  expect(ttl).toBeGreaterThan(50)
})

test('special names have their answers without a question', async () => {
  const resolver = open()
  expect((await resolver.resolve('a.localhost.', 'AAAA')).records).toMatchObject([
    { name: 'a.localhost', data: { address: '::1' } },
  ])
  expect((await resolver.resolve('LOCALHOST', 'A')).records).toMatchObject([
    { data: { address: '127.0.0.1' } },
  ])
  await expect(resolver.resolve('localhost', 'MX')).rejects.toMatchObject({ code: 'ENODATA' })
  await expect(resolver.resolve('x.onion', 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await expect(resolver.resolve('x.invalid', 'TXT')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(server.asked).toEqual([])
})

test('installed, it is where connect finds names', async () => {
  using listener = tcp.listen({ port: 0 })
  spawn({ name: 'greeter', daemon: true }, () =>
    listener.serve(async (connection) => connection.send('hello')),
  )
  const undo = open().install()
  try {
    using socket = await tcp.connect('db', listener.port)
    expect((await socket.recv()).toString()).toBe('hello')
  } finally {
    undo()
    setResolver()
  }
})

test('inspect shows the cache, the servers, the configuration and what is wrong with it', async () => {
  file('resolv.conf', `nameserver ${server.host}\nnonsense\n`)
  const resolver = open()
  await resolver.lookup('www.example')
  expect(resolver.inspect()).toMatchObject({
    entries: [{}, {}],
    upstream: [{}],
    resolvConf: { nameservers: [server.host], ndots: 1 },
    files: [{ failure: undefined, problems: ['line 2: not understood'] }, { problems: [] }, { problems: [] }],
  })
})

test('closed, it answers no more', async () => {
  const resolver = open()
  const looking = spawn(() => resolver.lookup('silent.example.'))
  while (server.asked.length < 2) await yieldSlice()
  resolver.close()
  resolver.close()
  await expect(looking.join()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(resolver.lookup('www.example')).rejects.toMatchObject({ code: 'CLOSED' })
})

const wrong: readonly (readonly [options: object, code: string])[] = [
  [{ server: [] }, 'ERR_UNKNOWN_OPTION'],
  [{ servers: ['dns.example'] }, 'ERR_OUT_OF_RANGE'],
  [{ timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ port: 0 }, 'ERR_OUT_OF_RANGE'],
  [{ cache: { maxBytes: 1 } }, 'ERR_UNKNOWN_OPTION'],
]
test.each(wrong)('the options %j are refused with %s', (options, code) => {
  expect(() => new SystemResolver(options)).toThrow(expect.objectContaining({ code }))
})

test('a program that has looked names up ends when it has nothing else to do', async () => {
  const program = new URL('programs/looks-up.mjs', import.meta.url)
  for (const options of ['', 'use-vc']) {
    file('resolv.conf', `nameserver ${server.host}\noptions ${options}\n`)
    const args = [join(folder.path, 'resolv.conf'), String(server.port)]
    const { stdout, stderr, code } = await runProgram(program, { args, timeoutMs: 8_000 })
    expect({ stdout, stderr, code }).toEqual({
      stdout: '2001:db8::1 192.0.2.1\n127.0.0.1\n',
      stderr: '',
      code: 0,
    })
  }
})
