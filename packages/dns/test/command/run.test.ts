import { Event, Interrupted, sleep, spawn, UdpSocket } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import type { Ask, AskedServer, AskOptions } from '../../src/command/ask.js'
import { ROOT_SERVERS } from '../../src/command/root-servers.js'
import { runCommand } from '../../src/command/run.js'
import type { Surroundings } from '../../src/command/surroundings.js'
import { system } from '../../src/command/system.js'
import { DnsError } from '../../src/errors.js'
import { respond } from '../../src/server/response.js'
import type { Question } from '../../src/wire/index.js'
import { query } from '../server/client.js'

interface Asked {
  readonly question: Question
  readonly servers: readonly AskedServer[]
  readonly options: AskOptions
}

interface Stage extends Surroundings {
  readonly asked: Asked[]
  readonly said: { out: string; err: string }
}

function stage(changes: Partial<Surroundings> = {}): Stage {
  const asked: Asked[] = []
  const said = { out: '', err: '' }
  const ask: Ask = async (question, servers, options) => {
    asked.push({ question, servers, options })
    const message = respond(query(question.name, question.type), { rcode: 'NXDOMAIN' })
    return { message, server: 'a server', transport: 'udp', elapsedMs: 1 }
  }
  return {
    asked,
    said,
    ask,
    resolveHost: async (host) => [`address of ${host}`],
    systemServers: () => ['192.0.2.53', 'fe80::1%eth0'],
    readFile: async (path) => `text of ${path}`,
    version: '1.2.3',
    write(text) {
      said.out += text
    },
    complain(text) {
      said.err += text
    },
    ...changes,
  }
}

describe('whom the command asks', () => {
  test('the servers of the system, all of them', async () => {
    const world = stage()
    expect(await runCommand(['a.test'], world)).toBe(1)
    expect(world.asked).toMatchObject([
      {
        question: { name: 'a.test', type: 'A', class: 'IN' },
        servers: [
          { address: '192.0.2.53', port: 53, transport: 'udp', tlsName: undefined },
          { address: 'fe80::1%eth0', port: 53, transport: 'udp' },
        ],
        options: {
          recursionDesired: true,
          dnssecOk: false,
          tlsCa: undefined,
          timeoutMs: expect.closeTo(5_000, -3),
        },
      },
    ])
  })

  test('a server that is named, at its address and by that name', async () => {
    const world = stage()
    await runCommand(
      ['a.test', '-s', 'tls://dns.test', '--tls-ca', 'ca.pem', '--dnssec', '--no-recurse'],
      world,
    )
    expect(world.asked).toMatchObject([
      {
        servers: [{ address: 'address of dns.test', port: 853, transport: 'tls', tlsName: 'dns.test' }],
        options: { recursionDesired: false, dnssecOk: true, tlsCa: 'text of ca.pem' },
      },
    ])
  })

  test('--trace begins at the root servers, with the port that is given', async () => {
    const world = stage()
    expect(await runCommand(['a.test', '--trace', '-p', '5353'], world)).toBe(1)
    const [{ servers, options } = { servers: [], options: undefined }] = world.asked
    expect(servers).toMatchObject([{ address: '198.41.0.4', port: 5353, transport: 'udp' }])
    expect(options).toMatchObject({ recursionDesired: false, timeoutMs: 2_000 })
    expect(ROOT_SERVERS).toHaveLength(26)
  })

  test('a server whose name has no address is no reply', async () => {
    const world = stage({ resolveHost: async () => Promise.reject(new DnsError('ENOTFOUND', 'no dns.test')) })
    expect(await runCommand(['a.test', '-s', 'dns.test'], world)).toBe(9)
    expect(world.said).toEqual({ out: '', err: ';; no dns.test\n' })
  })
})

describe('time', () => {
  test('what takes too long is given up, and says so', async () => {
    const slow = stage({ resolveHost: () => sleep(60_000) as never })
    expect(await runCommand(['a.test', '--timeout', '20', '-s', 'dns.test'], slow)).toBe(9)
    expect(slow.said.err).toBe(';; no reply within 20 ms\n')
  })

  test('servers have what is left of it, and a silent one is named', async () => {
    using silent = new UdpSocket()
    const { port } = silent.address
    let stderr = ''
    const ours: Surroundings = {
      ...system,
      complain: (text) => {
        stderr += text
      },
    }
    expect(await runCommand(['a.test', '--timeout', '30', '-s', `127.0.0.1:${port}`], ours)).toBe(9)
    expect(stderr).toBe(`;; 127.0.0.1:${port} did not answer\n`)
  })

  test.each([[[]], [['--trace']]])('cancelled (%j), it ends at once and prints nothing', async (args) => {
    let ended = 0
    const asked = new Event()
    const ask = async (): Promise<never> => {
      asked.set()
      try {
        await sleep(60_000)
      } finally {
        ended++
      }
      throw new Error('late')
    }
    const world = stage({ ask })
    const command = spawn(() => runCommand(['a.test', ...args], world))
    await asked.wait()
    command.interrupt()
    await expect(command.join()).rejects.toBeInstanceOf(Interrupted)
    expect(ended).toBe(1)
    expect(world.said).toEqual({ out: '', err: '' })
  })
})
