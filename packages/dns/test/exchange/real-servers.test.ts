/** BIND, Unbound and Knot are asked: over UDP, TCP and TLS, with cookies, and for what does not fit into a datagram. */
import {
  type CertificateAuthority,
  makeCertificateAuthority,
  startKnot,
  startNamed,
  startUnbound,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Servers } from '../../src/exchange/servers.js'
import { addressIn, questionOf } from './asking.js'

const LARGE_TEXTS = 20
const ZONE = `$TTL 300
@ IN SOA ns hostmaster 1 2 3 4 5
@ IN NS ns
ns IN A 192.0.2.53
www IN A 192.0.2.80
${Array.from({ length: LARGE_TEXTS }, (_, index) => `large IN TXT "${index}${'x'.repeat(200)}"`).join('\n')}
`
const zones = { 'exchange.test': ZONE }

let authority: CertificateAuthority
let servers: Awaited<ReturnType<typeof startAll>>

async function startAll() {
  const certificate = await authority.issue()
  return {
    named: await startNamed({ zones }),
    unbound: await startUnbound({ zones, certificate }),
    knot: await startKnot({ zones }),
  }
}

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  servers = await startAll()
}, 60_000)
afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop()
  await authority.close()
}, 30_000)

for (const name of ['named', 'unbound', 'knot'] as const) {
  // These answer for their zones, and two of them do not recurse at all.
  const options = { recursionDesired: false }

  test(`${name} answers over UDP and TCP, a hundred questions at a time`, async () => {
    const address = `127.0.0.1:${servers[name].port}`
    for (const transport of ['udp', 'tcp']) {
      using asked = new Servers({ servers: [`${transport}://${address}`], ...options })
      const replies = await Promise.all(
        Array.from({ length: 100 }, () => asked.ask(questionOf('www.exchange.test'))),
      )
      expect(new Set(replies.map(addressIn))).toEqual(new Set(['192.0.2.80']))
      expect(new Set(replies.map((reply) => reply.transport))).toEqual(new Set([transport]))
      expect(addressIn(await asked.ask(questionOf('nowhere.exchange.test')))).toBe('NXDOMAIN')
      const [facts] = asked.inspect()
      expect(facts).toMatchObject({
        keepsCase: true,
        speaksEdns: true,
        timedOut: 0,
        openConnections: transport === 'tcp' ? 1 : 0,
      })
      expect(Object.values(facts?.dropped ?? {}).every((count) => count === 0)).toBe(true)
    }
  })

  test(`${name} gives over TCP what it truncated over UDP`, async () => {
    using asked = new Servers({ servers: [`127.0.0.1:${servers[name].port}`], ...options })
    const { message, transport } = await asked.ask({ name: 'Large.exchange.test', type: 'TXT', class: 'IN' })
    expect(transport).toBe('tcp')
    expect(message.answers).toHaveLength(LARGE_TEXTS)
    expect(message.questions[0]?.name).toBe('Large.exchange.test')
  })
}

test('BIND gives a cookie, and takes it again', async () => {
  using asked = new Servers({ servers: [`127.0.0.1:${servers.named.port}`], recursionDesired: false })
  for (let round = 0; round < 3; round++)
    expect(addressIn(await asked.ask(questionOf('www.exchange.test')))).toBe('192.0.2.80')
  expect(asked.inspect()[0]).toMatchObject({ hasCookie: true, answered: 3 })
})

test('Unbound answers over TLS, on one connection', async () => {
  const { tlsPort } = servers.unbound
  using asked = new Servers({
    servers: [
      {
        address: '127.0.0.1',
        port: tlsPort ?? 0,
        transport: 'tls',
        serverName: 'localhost',
        tls: { ca: authority.certificatePem },
      },
    ],
  })
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => asked.ask(questionOf('www.exchange.test'))),
  )
  expect(new Set(replies.map(addressIn))).toEqual(new Set(['192.0.2.80']))
  expect(asked.inspect()[0]).toMatchObject({ openConnections: 1, answered: 50 })
})
