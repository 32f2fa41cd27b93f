/** Replies that lie or contradict themselves: what they say of other names is never believed, and what they say of their own only if it fits. */
import { describe, expect, test } from 'vitest'
import type { Resolution } from '../../src/resolution.js'
import { Resolver } from '../../src/resolver.js'
import type { Message, ResourceRecord } from '../../src/wire/index.js'
import { a, cname, mx, outcomeOf, ScriptedUpstream, soa, virtualTime } from './scripted-upstream.js'

virtualTime()

const WWW = 'www.example.com'
const BANK = 'www.bank.example'
const EVIL = '6.6.6.6'

const ns = (name: string, target: string): ResourceRecord => ({
  name,
  type: 'NS',
  class: 'IN',
  ttl: 300,
  data: { target },
})
const rrsig = (name: string): ResourceRecord => ({ name, type: 'RRSIG', class: 'IN', ttl: 300, data: SIGNED })
const dname = (name: string, target: string): ResourceRecord => ({
  name,
  type: 'DNAME',
  class: 'IN',
  ttl: 300,
  data: { target },
})
const SIGNED = {
  ...{
    typeCovered: 'CNAME',
    algorithm: 13,
    labels: 3,
    originalTtl: 300,
    expiration: 2 ** 32 - 1,
    inception: 0,
  },
  ...{ keyTag: 1, signerName: 'example.com', signature: new Uint8Array(64) },
}

const noName: Partial<Message> = { rcode: 'NXDOMAIN', authorities: [soa('example.com')] }
const isAlias = cname(WWW, 'web.example.com')
const web = a('web.example.com')

type Expected =
  | { readonly addresses: readonly string[]; readonly aliases?: readonly string[] }
  | { readonly code: string }

const replies: readonly (readonly [why: string, reply: Partial<Message>, expected: Expected])[] = [
  ['a record of another name beside', { answers: [a(WWW), a(BANK, EVIL)] }, { addresses: ['192.0.2.1'] }],
  ['a record of another name alone', { answers: [a(BANK, EVIL)] }, { code: 'ENODATA' }],
  ['a record of a name below', { answers: [a(`x.${WWW}`, EVIL)] }, { code: 'ENODATA' }],
  ['a record of a name above', { answers: [a('example.com', EVIL)] }, { code: 'ENODATA' }],
  ['a record of another type', { answers: [mx(WWW, BANK)] }, { code: 'ENODATA' }],
  ['a record of another class', { answers: [{ ...a(WWW, EVIL), class: 'CH' }] }, { code: 'ENODATA' }],
  ['the answer among the additional records', { additionals: [a(WWW, EVIL)] }, { code: 'ENODATA' }],
  ['the answer in the authority section', { authorities: [a(WWW, EVIL)] }, { code: 'ENODATA' }],
  [
    'servers of somebody else, with addresses',
    { answers: [a(WWW)], authorities: [ns('bank.example', 'ns.evil.example')], additionals: [a(BANK, EVIL)] },
    { addresses: ['192.0.2.1'] },
  ],
  [
    'an alias of another name',
    { answers: [cname(BANK, 'evil.example'), a('evil.example', EVIL)] },
    { code: 'ENODATA' },
  ],
  [
    'an alias that leads to another name',
    { answers: [cname(WWW, BANK), a(BANK, EVIL)] },
    { addresses: [EVIL], aliases: [BANK] },
  ],
  [
    'aliases after the records',
    { answers: [web, isAlias] },
    { addresses: ['192.0.2.1'], aliases: ['web.example.com'] },
  ],
  [
    'aliases in any order',
    { answers: [cname('b.test', 'c.test'), cname(WWW, 'b.test'), a('c.test')] },
    { addresses: ['192.0.2.1'], aliases: ['b.test', 'c.test'] },
  ],
  [
    'an alias that is there twice',
    { answers: [isAlias, cname('WWW.example.com', 'WEB.example.com'), web] },
    { addresses: ['192.0.2.1'], aliases: ['web.example.com'] },
  ],
  ['a record that is there twice', { answers: [a(WWW), a(WWW)] }, { addresses: ['192.0.2.1'] }],
  ['two aliases of one name', { answers: [isAlias, cname(WWW, BANK), web] }, { code: 'EBADRESP' }],
  ['an alias with other data', { answers: [isAlias, web, a(WWW, EVIL)] }, { code: 'EBADRESP' }],
  [
    'an alias with a signature',
    { answers: [isAlias, rrsig(WWW), web] },
    { addresses: ['192.0.2.1'], aliases: ['web.example.com'] },
  ],
  [
    'an alias that a DNAME makes',
    { answers: [dname('example.com', 'example.net'), cname(WWW, 'www.example.net'), a('www.example.net')] },
    { addresses: ['192.0.2.1'], aliases: ['www.example.net'] },
  ],
  ['an alias of itself', { answers: [cname(WWW, WWW)] }, { code: 'ESERVFAIL' }],
  ['aliases in a circle', { answers: [isAlias, cname('web.example.com', WWW)] }, { code: 'ESERVFAIL' }],
  [
    'aliases in a circle with records beside',
    { answers: [isAlias, cname('web.example.com', 'b.test'), cname('b.test', 'web.example.com'), a(BANK)] },
    { code: 'ESERVFAIL' },
  ],
  ['records and that there is no such name', { ...noName, answers: [a(WWW)] }, { code: 'EBADRESP' }],
  [
    'that there is no such name, in the word of another zone',
    { ...noName, authorities: [soa('bank.example')] },
    { code: 'ENOTFOUND' },
  ],
  ['a referral', { authorities: [ns('example.com', 'ns.example.com')] }, { code: 'EBADRESP' }],
  [
    'servers of the zone, and nothing else, from one of them',
    { isAuthoritative: true, authorities: [ns('example.com', 'ns.example.com')] },
    { code: 'ENODATA' },
  ],
  ['a failure that passes as an answer', { rcode: 'REFUSED', answers: [a(WWW)] }, { code: 'EBADRESP' }],
  ['nothing', {}, { code: 'ENODATA' }],
]

const summary = ({ records, aliases }: Resolution<'A'>): Expected => ({
  addresses: records.map(({ data }) => data.address),
  ...(aliases.length > 0 && { aliases: aliases.map(({ data }) => (data as { target: string }).target) }),
})

describe('a reply with', () => {
  test.each(replies)('%s', async (_, message, expected) => {
    const upstream = new ScriptedUpstream(({ name }) =>
      name === WWW ? message : { authorities: [soa(name)] },
    )
    const resolver = new Resolver(upstream)
    const outcome = await outcomeOf(resolver.resolve(WWW, 'A'))
    expect('error' in outcome ? { code: outcome.error.code } : summary(outcome.value)).toEqual(expected)
    // Whatever it said, nothing is known of any other name than the one that was asked for.
    const known = resolver.inspect().entries.map(({ name }) => name)
    expect(known.filter((name) => name !== WWW)).toEqual([])
    for (const name of [BANK, 'web.example.com', 'b.test', 'evil.example', 'example.com', 'bank.example'])
      await expect(resolver.resolve(name, 'A')).rejects.toMatchObject({ code: 'ENODATA' })
    expect(upstream.asked).toContain(`${BANK} A`)
  })

  test('more aliases than are allowed', async () => {
    const chain = (length: number) => [
      ...Array.from({ length }, (_, i) => cname(i === 0 ? WWW : `${i}.test`, `${i + 1}.test`)),
      a(`${length}.test`),
    ]
    const resolver = new Resolver(
      new ScriptedUpstream(({ type }) => ({ answers: type === 'A' ? chain(4) : chain(5) })),
      { maxAliases: 4 },
    )
    expect((await resolver.resolve(WWW, 'A')).canonicalName).toBe('4.test')
    await expect(resolver.resolve(WWW, 'AAAA')).rejects.toMatchObject({
      code: 'ESERVFAIL',
      message: expect.stringContaining('more than 4 (maxAliases)'),
    })
  })

  test('an alias, if it is the alias that was asked for', async () => {
    const resolver = new Resolver(new ScriptedUpstream(() => ({ answers: [isAlias, web] })))
    expect(await resolver.resolve(WWW, 'CNAME')).toMatchObject({
      canonicalName: WWW,
      aliases: [],
      records: [isAlias],
    })
  })

  test('thousands of records of other names costs no more than reading them', async () => {
    const answers = [a(WWW), ...Array.from({ length: 4_000 }, (_, i) => cname(`${i}.test`, `${i + 1}.test`))]
    const resolver = new Resolver(new ScriptedUpstream(() => ({ answers })))
    expect((await resolver.resolve(WWW, 'A')).records).toHaveLength(1)
    expect(resolver.inspect().cacheBytes).toBeLessThan(2_000)
  })
})

test('what was bad about a reply is said, and by whom, and remembered as a failure', async () => {
  const upstream = new ScriptedUpstream(() => ({ answers: [isAlias, cname('web.example.com', WWW)] }))
  const resolver = new Resolver(upstream)
  const circle = `the aliases of ${WWW} go round in a circle: ${WWW}, web.example.com, ${WWW}`
  await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ message: circle, server: '192.0.2.53:53' })
  await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
    message: `${circle} (remembered for 5 s more)`,
  })
  expect(upstream.asked).toHaveLength(1)
})
