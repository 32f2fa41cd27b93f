import { describe, expect, test } from 'vitest'
import { type AskServer, type TraceStep, trace } from '../../src/command/trace.js'
import { DnsError } from '../../src/errors.js'
import type { Answer } from '../../src/server/query.js'
import { respond } from '../../src/server/response.js'
import { zone, zones } from '../../src/server/zone.js'
import { query } from '../server/client.js'

const SOA = '@ 60 SOA ns h 1 2 3 4 5\n'

type Server = (question: { name: string; type: string; class: string }) => Answer | Error

/** Servers by address that hold zones, by origin. */
function holds(texts: Readonly<Record<string, string>>): Server {
  const handler = zones(...Object.entries(texts).map(([origin, text]) => zone(SOA + text, { origin })))
  return (question) => handler({ question, message: query('.'), transport: 'udp', from: undefined }) as Answer
}

interface World {
  readonly ask: AskServer
  readonly asked: string[]
}

function world(servers: Readonly<Record<string, Server>>): World {
  const asked: string[] = []
  return {
    asked,
    async ask(question, address) {
      asked.push(`${address} ${question.name} ${question.type}`)
      const answer = servers[address]?.(question) ?? new DnsError('ETIMEOUT', `${address} is silent`)
      if (answer instanceof Error) throw answer
      const message = respond(query(question.name, question.type, { recursionDesired: false }), answer)
      return { message, server: address, transport: 'udp', elapsedMs: 1 }
    },
  }
}

const ROOT = [{ name: 'root', address: '10.0.0.1' }]

async function walk({ ask }: World, name: string, type = 'A'): Promise<TraceStep[]> {
  const steps: TraceStep[] = []
  for await (const step of trace({ name, type, class: 'IN' }, ROOT, ask)) steps.push(step)
  return steps
}

function told(steps: readonly TraceStep[]): string[] {
  return steps.map(({ is, zone: of, server }) => `${is} ${of} ${server.name} ${server.address}`)
}

describe('trace', () => {
  test('it walks from zone to zone, and the last step is the answer', async () => {
    const steps = await walk(
      world({
        '10.0.0.1': holds({ '.': 'test NS ns.test.\nns.test. A 10.0.0.2\n' }),
        '10.0.0.2': holds({ test: 'sub NS ns.sub\nns.sub A 10.0.0.3\n' }),
        '10.0.0.3': holds({ 'sub.test': 'www A 192.0.2.1\n' }),
      }),
      'www.sub.test',
    )
    expect(told(steps)).toEqual([
      'reply . root 10.0.0.1',
      'reply test ns.test 10.0.0.2',
      'reply sub.test ns.sub.test 10.0.0.3',
    ])
    expect(steps.at(-1)).toMatchObject({
      reply: { message: { answers: [{ data: { address: '192.0.2.1' } }] } },
    })
  })

  test('that there is no such name ends it too', async () => {
    const steps = await walk(
      world({ '10.0.0.1': holds({ '.': 'test NS ns.test.\nns.test. A 10.0.0.1\n', test: '' }) }),
      'www.test',
    )
    expect(steps.at(-1)).toMatchObject({ reply: { message: { rcode: 'NXDOMAIN' } } })
  })

  test('servers that are silent, refuse, or refer upwards are passed over', async () => {
    const upwards: Server = () => ({
      authorities: [{ name: '.', type: 'NS', class: 'IN', ttl: 60, data: { target: 'root' } }],
    })
    const sideways: Server = () => ({
      authorities: [{ name: 'other.test', type: 'NS', class: 'IN', ttl: 60, data: { target: 'root' } }],
    })
    const refs = [1, 2, 3, 4, 5].map((at) => `test NS ns${at}.test.\nns${at}.test. A 10.0.1.${at}\n`).join('')
    const steps = await walk(
      world({
        '10.0.0.1': holds({ '.': refs }),
        '10.0.1.2': () => ({ rcode: 'REFUSED' }),
        '10.0.1.3': upwards,
        '10.0.1.4': sideways,
        '10.0.1.5': holds({ test: 'www A 192.0.2.1\n' }),
      }),
      'www.test',
    )
    expect(steps.map(({ is }) => is)).toEqual(['reply', 'failure', 'failure', 'failure', 'failure', 'reply'])
  })

  test('a name server without an address is looked up from the start', async () => {
    const steps = await walk(
      world({
        '10.0.0.1': holds({
          '.': 'test NS ns.elsewhere.\nelsewhere NS ns2.elsewhere.\nns2.elsewhere. A 10.0.0.2\n',
        }),
        '10.0.0.2': holds({ elsewhere: 'ns A 10.0.0.3\n' }),
        '10.0.0.3': holds({ test: 'www A 192.0.2.1\n' }),
      }),
      'www.test',
    )
    expect(told(steps)).toEqual([
      'reply . root 10.0.0.1',
      'address test ns.elsewhere 10.0.0.3',
      'reply test ns.elsewhere 10.0.0.3',
    ])
  })

  test('zones whose name servers are in each other lead nowhere, after few queries', async () => {
    const circle = world({ '10.0.0.1': holds({ '.': 'a NS ns.b.\nb NS ns.a.\n' }) })
    await expect(walk(circle, 'www.a')).rejects.toMatchObject({ name: 'TraceError', code: 'NO_SERVERS' })
    expect(circle.asked.length).toBeLessThan(20)
  })

  test('a tree without end ends', async () => {
    /** Delegates whatever it is asked for one label deeper. */
    const deeper =
      (count: number): Server =>
      ({ name }) => {
        const child = name.split('.').slice(-count).join('.')
        return {
          authorities: [{ name: child, type: 'NS', class: 'IN', ttl: 60, data: { target: 'ns' } }],
          additionals: [
            { name: 'ns', type: 'A', class: 'IN', ttl: 60, data: { address: `10.0.0.${count + 1}` } },
          ],
        }
      }
    const servers = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`10.0.0.${at + 1}`, deeper(at + 1)]),
    )
    await expect(walk(world(servers), 'a.'.repeat(60).slice(0, -1))).rejects.toMatchObject({
      code: 'TOO_DEEP',
    })
  })

  test('there are so many queries and no more', async () => {
    const names = Array.from(
      { length: 26 },
      (_, at) => `test NS ns.s${at}.\ns${at} NS ns.t${at}.\nt${at} NS ns.u${at}.\n`,
    )
    const maze = world({ '10.0.0.1': holds({ '.': names.join('') }) })
    await expect(walk(maze, 'www.test')).rejects.toMatchObject({ code: 'TOO_MANY_QUERIES' })
    expect(maze.asked.length).toBeLessThanOrEqual(100)
  })
})
