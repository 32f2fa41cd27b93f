import {
  type RealServer,
  signZone,
  startKnot,
  startNamed,
  startUnbound,
  TEST_ORIGIN,
  TEST_ZONE,
  TEST_ZONES,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, formatRecord, type Message, parseZone } from '../../src/wire/index.js'
import { EDNS, query, TcpClient, UdpClient } from '../server/client.js'

const SIGNED = { 'nsec.test': false, 'nsec3.test': true } as const
const WANTS_DNSSEC = { ...EDNS, dnssecOk: true }

/** Where servers differ: whether they follow an alias to its end, and what they make of a circle. */
const EITHER = ['NOERROR', 'NXDOMAIN', 'SERVFAIL'] as const

const signedTexts: Record<string, string> = {}

beforeAll(async () => {
  for (const [origin, nsec3] of Object.entries(SIGNED)) {
    // BIND's tools write LOC in a form of its own, which is not ours to read.
    const text = TEST_ZONE.replace(`$ORIGIN ${TEST_ORIGIN}.`, `$ORIGIN ${origin}.`).replace(/^loc .*$/m, '')
    signedTexts[origin] = (await signZone(origin, text, { nsec3 })).text
  }
})

/** Sets: the order of records and letter case of names within data are the server's own. */
function sorted(records: Message['answers']): string[] {
  return records.map((record) => formatRecord({ ...record, ttl: 0 }).toLowerCase()).sort()
}

/** What is asked of the zone so that each of its records is an answer: all but what is delegated. */
function questionsOf(text: string): [name: string, type: string, records: Message['answers']][] {
  const isDelegated = /^(sub|glueless|ns\.sub)\./
  const byQuestion = new Map<string, Message['answers'][number][]>()
  for (const record of parseZone(text)) {
    const { name, type } = record
    if (type === 'RRSIG' || type === 'NSEC3' || (isDelegated.test(name) && type !== 'DS')) continue
    const key = `${name} ${type}`
    byQuestion.set(key, [...(byQuestion.get(key) ?? []), record])
  }
  return [...byQuestion.values()].map((records) => {
    const { name, type } = records[0] as Message['answers'][number]
    return [name, type, records]
  })
}

describe.each([
  ['named', startNamed],
  ['unbound', startUnbound],
  ['knotd', startKnot],
])('%s', (_, start) => {
  let server: RealServer
  let udp: UdpClient
  let tcp: TcpClient

  beforeAll(async () => {
    server = await start({ zones: { ...TEST_ZONES, ...signedTexts } })
    udp = new UdpClient(server.port)
    tcp = await TcpClient.connect(server.port)
  })

  afterAll(async () => {
    udp.socket.close()
    tcp.socket.close()
    await server.stop()
  })

  /** The answer by UDP, or by TCP if it was cut; encoded again and decoded it is the same. */
  async function ask(name: string, type: string, changes: Partial<Message> = {}): Promise<Message> {
    await udp.send(query(name, type, { edns: EDNS, ...changes }))
    let message = decodeMessage(await udp.receiveBytes())
    if (message.isTruncated) {
      await tcp.send(query(name, type, { edns: EDNS, ...changes }))
      message = await tcp.receive()
    }
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
    return message
  }

  test('each record of the zone comes as the zone has it', async () => {
    for (const [name, type, records] of questionsOf(TEST_ZONE)) {
      const message = await ask(name, type)
      expect(sorted(message.answers), `${name} ${type}`).toEqual(sorted(records))
    }
  })

  test.each(Object.keys(SIGNED))('each record of %s comes with its signatures', async (origin) => {
    const text = signedTexts[origin] ?? ''
    const signatures = new Set(sorted(parseZone(text).filter(({ type }) => type === 'RRSIG')))
    for (const [name, type, records] of questionsOf(text)) {
      const message = await ask(name, type, { edns: WANTS_DNSSEC })
      const isSignature = ({ type: each }: Message['answers'][number]): boolean => each === 'RRSIG'
      expect(sorted(message.answers.filter((each) => !isSignature(each))), `${name} ${type}`).toEqual(
        sorted(records),
      )
      const signed = sorted(message.answers.filter(isSignature))
      expect(signed.length, `${name} ${type}`).toBeGreaterThan(0)
      for (const each of signed) expect(signatures).toContain(each)
    }
  })

  test.each(Object.entries(SIGNED))('what %s denies it proves', async (origin, nsec3) => {
    const { rcode, authorities } = await ask(`nowhere.${origin}`, 'A', { edns: WANTS_DNSSEC })
    expect(rcode).toBe('NXDOMAIN')
    const types = new Set(authorities.map(({ type }) => type))
    expect(types).toEqual(new Set(['SOA', 'RRSIG', nsec3 ? 'NSEC3' : 'NSEC']))
    const proofs = new Set(sorted(parseZone(signedTexts[origin] ?? '')))
    for (const proof of sorted(authorities.filter(({ type }) => type.startsWith('NSEC'))))
      expect(proofs).toContain(proof)
  })

  test.each([
    ['nowhere', 'A', ['NXDOMAIN']],
    ['www', 'MX', ['NOERROR']],
    ['chain1', 'A', ['NOERROR']],
    ['loop1', 'A', EITHER],
    ['dangling', 'A', EITHER],
    ['a.b.wild', 'TXT', ['NOERROR']],
    ['x.tree', 'A', EITHER],
    ['deep.sub', 'A', EITHER],
    ['deep.glueless', 'AAAA', EITHER],
    ['@', 'ANY', ['NOERROR']],
  ] as const)('an answer to %s %s can be read and written', async (label, type, rcodes) => {
    const name = label === '@' ? TEST_ORIGIN : `${label}.${TEST_ORIGIN}`
    for (const edns of [undefined, EDNS, WANTS_DNSSEC]) {
      const message = await ask(name, type, { edns, recursionDesired: false })
      expect(message.questions).toEqual([{ name, type, class: 'IN' }])
      expect(rcodes).toContain(message.rcode)
    }
  })

  test('the id and letter case of the question come back', async () => {
    const message = await ask('wWw.ExAmPlE.tEsT', 'A', { id: 65_535 })
    expect(message).toMatchObject({ id: 65_535, questions: [{ name: 'wWw.ExAmPlE.tEsT' }] })
  })

  test('what it says of its version can be read', async () => {
    const questions = [{ name: 'version.bind', type: 'TXT', class: 'CH' }]
    const { answers } = await ask('version.bind', 'TXT', { questions })
    expect(answers.map(({ class: className }) => className)).toEqual(answers.map(() => 'CH'))
  })

  test('it accepts every message of ours: cookies, padding, client subnet, an unknown option', async () => {
    const { rcode } = await ask('www.example.test', 'A', {
      edns: {
        ...EDNS,
        options: [
          { option: 'COOKIE', client: Buffer.from('0123456789abcdef', 'hex'), server: Buffer.alloc(0) },
          { option: 'CLIENT-SUBNET', address: '192.0.2.0', sourcePrefix: 24, scopePrefix: 0 },
          { option: 'PADDING', bytes: 20 },
          { option: 'OTHER', code: 65_001, bytes: Buffer.from('abc') },
        ],
      },
    })
    expect(rcode).toBe('NOERROR')
  })
})
