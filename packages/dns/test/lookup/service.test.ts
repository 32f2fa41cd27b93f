import { all, spawn, yieldSlice } from '@shrapnel/core'
import { seededRandom } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { MAX_TARGETS, service } from '../../src/lookup/service.js'
import { orderTargets } from '../../src/lookup/service-order.js'
import { a, type Script, scriptedParts } from './scripted-parts.js'

const NAME = '_ldap._tcp.example.com'
const srv = (target: string, priority = 0, weight = 0, port = 389): unknown => ({
  target,
  priority,
  weight,
  port,
})
const script = (targets: readonly unknown[], rest: Script['table'] = {}): Script => ({
  table: { [`${NAME} SRV`]: targets, ...rest },
  rules: { search: ['corp.example'], ndots: 5 },
})

test('targets come by priority, each with its addresses, and without the search list', async () => {
  const parts = scriptedParts(
    script([srv('b.example', 20, 0, 636), srv('a.example', 10)], {
      'a.example A': a('192.0.2.1'),
      'b.example A': a('192.0.2.2'),
      'b.example AAAA': a('2001:db8::2'),
    }),
  )
  expect(await service(parts, `${NAME}.`)).toEqual([
    {
      host: 'a.example',
      port: 389,
      priority: 10,
      weight: 0,
      ttl: 60,
      error: undefined,
      addresses: [{ address: '192.0.2.1', family: 4, ttl: 60 }],
    },
    {
      host: 'b.example',
      port: 636,
      priority: 20,
      weight: 0,
      ttl: 60,
      error: undefined,
      addresses: [
        { address: '2001:db8::2', family: 6, ttl: 60 },
        { address: '192.0.2.2', family: 4, ttl: 60 },
      ],
    },
  ])
  expect(parts.asked.filter((each) => each.includes('corp'))).toEqual([])
})

test('a target without an address says why, and does not fail the others', async () => {
  const parts = scriptedParts(
    script([srv('gone.example', 1), srv('b.example', 2), srv('broken.example', 3), srv('a b', 4)], {
      'b.example A': a('192.0.2.2'),
      'broken.example A': 'ESERVFAIL',
      'broken.example AAAA': 'ETIMEOUT',
    }),
  )
  const targets = await service(parts, NAME)
  expect(targets.map(({ host, addresses, error }) => [host, addresses.length, error?.code])).toEqual([
    ['gone.example', 0, 'ENOTFOUND'],
    ['b.example', 1, undefined],
    ['broken.example', 0, 'EAI_AGAIN'],
    ['a b', 0, 'ENOTFOUND'],
  ])
})

test('when no target has an address the service has failed as its first target', async () => {
  const parts = scriptedParts(
    script([srv('a.example', 1), srv('b.example', 2)], {
      'a.example A': 'ESERVFAIL',
      'a.example AAAA': 'ESERVFAIL',
    }),
  )
  await expect(service(parts, NAME)).rejects.toMatchObject({ code: 'EAI_AGAIN', hostname: 'a.example.' })
})

test('targets are not looked up when the caller does not want it', async () => {
  const parts = scriptedParts(script([srv('a.example')]))
  expect(await service(parts, NAME, { addresses: false })).toMatchObject([
    { host: 'a.example', addresses: [], error: undefined },
  ])
  expect(parts.asked).toEqual([`${NAME} SRV`])
})

test('a root for a target says that there is no such service, and no more is asked', async () => {
  const parts = scriptedParts(script([srv('.')]))
  await expect(service(parts, NAME)).rejects.toMatchObject({
    code: 'ENODATA',
    message: expect.stringContaining('decidedly not available'),
  })
  expect(parts.asked).toEqual([`${NAME} SRV`])
})

test('failures are those of the question', async () => {
  await expect(service(scriptedParts(), NAME)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await expect(
    service(scriptedParts({ table: { [`${NAME} SRV`]: 'ESERVFAIL' } }), NAME),
  ).rejects.toMatchObject({ code: 'ESERVFAIL' })
  await expect(service(scriptedParts(), '_ldap._tcp..example')).rejects.toMatchObject({ code: 'EBADNAME' })
  await expect(
    service(scriptedParts({ table: { [`${NAME} SRV`]: 'slow' } }), NAME, { timeoutMs: 5 }),
  ).rejects.toMatchObject({ code: 'EAI_AGAIN' })
  await expect(service(scriptedParts(), NAME, { familly: 4 } as never)).rejects.toMatchObject({
    code: 'ERR_UNKNOWN_OPTION',
  })
})

test('more targets than the limit are refused', async () => {
  const targets = Array.from({ length: MAX_TARGETS + 1 }, (_, i) => srv(`t${i}.example`))
  const parts = scriptedParts(script(targets))
  await expect(service(parts, NAME)).rejects.toMatchObject({
    code: 'EBADRESP',
    message: expect.stringContaining(`more than ${MAX_TARGETS}`),
  })
  expect(parts.asked).toHaveLength(1)
})

test('cancelling ends the questions about every target', async () => {
  const targets = Array.from({ length: 20 }, (_, i) => srv(`t${i}.example`))
  const slow = Object.fromEntries(targets.map((_, i) => [`t${i}.example A`, 'slow' as const]))
  const parts = scriptedParts(script(targets, slow))
  const looking = spawn(() => service(parts, NAME))
  while (parts.pending.size < 8) await yieldSlice()
  looking.shutdown()
  await expect(looking.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
  expect([...parts.pending]).toEqual([])
  expect(all()).toEqual([])
})

test('weights are chances', () => {
  const random = seededRandom(7)
  const targets = [
    { host: 'a', priority: 0, weight: 3 },
    { host: 'b', priority: 0, weight: 1 },
    { host: 'c', priority: 0, weight: 0 },
  ]
  const firsts = new Map<string, number>()
  const rounds = 10_000
  for (let i = 0; i < rounds; i++) {
    const order = orderTargets(targets, () => random())
    const host = order[0]?.host as string
    firsts.set(host, (firsts.get(host) ?? 0) + 1)
  }
  expect(
    orderTargets(targets, random)
      .map(({ host }) => host)
      .sort(),
  ).toEqual(['a', 'b', 'c'])
  // RFC 2782 draws from 0 to 4: 0 is the one without weight, 1 to 3 and 4 the others.
  expect((firsts.get('a') ?? 0) / rounds).toBeCloseTo(3 / 5, 1)
  expect((firsts.get('b') ?? 0) / rounds).toBeCloseTo(1 / 5, 1)
  expect((firsts.get('c') ?? 0) / rounds).toBeCloseTo(1 / 5, 1)
})
