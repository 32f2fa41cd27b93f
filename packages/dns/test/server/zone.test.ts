import { TEST_ZONE } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import type { Answer, Query } from '../../src/server/query.js'
import { zone, zones } from '../../src/server/zone.js'
import { formatRecord, parseZone, type ResourceRecord } from '../../src/wire/index.js'
import { query } from './client.js'

const example = zone(TEST_ZONE)

function asked(name: string, type = 'A', className = 'IN'): Query {
  const message = query(name, type, { questions: [{ name, type, class: className }] })
  return { message, question: { name, type, class: className }, transport: 'udp', from: undefined }
}

function lines(records: readonly ResourceRecord[] | undefined): string[] {
  return (records ?? []).map(formatRecord)
}

/** What it says, the answers in short. */
function says(
  name: string,
  type = 'A',
): { rcode: string; aa: boolean; answers: string[]; authorities: string[] } {
  const answer: Answer = example(asked(name, type))
  return {
    rcode: answer.rcode ?? 'NOERROR',
    aa: answer.isAuthoritative ?? false,
    answers: lines(answer.answers),
    authorities: (answer.authorities ?? []).map((record) => `${record.name} ${record.type}`),
  }
}

const SOA = ['example.test SOA']

describe('an authoritative zone', () => {
  test('it has what it has', () => {
    expect(says('www.example.test')).toEqual({
      rcode: 'NOERROR',
      aa: true,
      answers: ['www.example.test. 3600 IN A 192.0.2.80'],
      authorities: [],
    })
  })

  test('names are compared without case, and answered as the zone writes them', () => {
    expect(says('mixed.EXAMPLE.test').answers).toEqual(['MiXeD.example.test. 3600 IN A 192.0.2.99'])
  })

  test('an escaped dot is part of a label', () => {
    expect(says('dotted\\.label.example.test').answers).toHaveLength(1)
    expect(says('dotted.label.example.test').rcode).toBe('NXDOMAIN')
  })

  test('no such name and no such type are denied with the SOA, for as long as its minimum says', () => {
    expect(says('nowhere.example.test')).toEqual({
      rcode: 'NXDOMAIN',
      aa: true,
      answers: [],
      authorities: SOA,
    })
    expect(says('www.example.test', 'MX')).toEqual({
      rcode: 'NOERROR',
      aa: true,
      answers: [],
      authorities: SOA,
    })
    expect(example(asked('nowhere.example.test')).authorities).toMatchObject([{ ttl: 300 }])
  })

  test('a name with names below it exists, although it has nothing', () => {
    expect(says('empty.example.test')).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: SOA })
    expect(says('x.empty.example.test')).toMatchObject({ rcode: 'NXDOMAIN' })
  })

  test('what is not below it is refused', () => {
    expect(says('example.org')).toMatchObject({ rcode: 'REFUSED', aa: false })
    expect(says('test')).toMatchObject({ rcode: 'REFUSED' })
    expect(example(asked('www.example.test', 'A', 'CH'))).toEqual({ rcode: 'REFUSED' })
  })

  test('aliases are followed in the zone, and only there', () => {
    expect(says('chain1.example.test').answers).toEqual([
      'chain1.example.test. 3600 IN CNAME chain2.example.test.',
      'chain2.example.test. 3600 IN CNAME chain3.example.test.',
      'chain3.example.test. 3600 IN CNAME www.example.test.',
      'www.example.test. 3600 IN A 192.0.2.80',
    ])
    expect(says('chain3.example.test', 'MX')).toMatchObject({ rcode: 'NOERROR', authorities: SOA })
    expect(says('dangling.example.test')).toMatchObject({ rcode: 'NXDOMAIN', authorities: SOA })
    expect(says('away.example.test').answers).toHaveLength(1)
    expect(says('chain1.example.test', 'CNAME').answers).toHaveLength(1)
  })

  test('a circle of aliases ends', () => {
    expect(says('loop1.example.test').answers).toHaveLength(2)
  })

  test('below a DNAME everything has moved', () => {
    expect(says('example.test.tree.example.test')).toMatchObject({ rcode: 'NXDOMAIN' })
    expect(says('x.tree.example.test').answers).toEqual([
      'tree.example.test. 3600 IN DNAME www.example.test.',
      'x.tree.example.test. 3600 IN CNAME x.www.example.test.',
    ])
  })

  test('a name that becomes too long by a DNAME is YXDOMAIN', () => {
    const text = `@ 60 SOA ns h 1 2 3 4 5\nd DNAME ${'target.'.repeat(10)}example.org.\n`
    const long = `${`${'a'.repeat(49)}.`.repeat(4)}d.test`
    const answer = zone(text, { origin: 'test' })(asked(long))
    expect(answer).toMatchObject({ rcode: 'YXDOMAIN', answers: [{ type: 'DNAME' }] })
  })

  test('a wildcard makes records for what is not there, and for nothing else', () => {
    expect(says('a.b.wild.example.test').answers).toEqual(['a.b.wild.example.test. 3600 IN A 192.0.2.77'])
    expect(says('here.wild.example.test').answers).toEqual(['here.wild.example.test. 3600 IN A 192.0.2.78'])
    expect(says('x.here.wild.example.test')).toMatchObject({ rcode: 'NXDOMAIN' })
    expect(says('a.wild.example.test', 'MX')).toMatchObject({ rcode: 'NOERROR', authorities: SOA })
    expect(says('wild.example.test')).toMatchObject({ rcode: 'NOERROR', authorities: SOA })
    expect(says('*.wild.example.test').answers).toEqual(['*.wild.example.test. 3600 IN A 192.0.2.77'])
  })

  test('what was delegated is referred, with glue and without authority', () => {
    const answer = example(asked('deep.in.sub.example.test'))
    expect(answer).toMatchObject({ rcode: 'NOERROR', isAuthoritative: false, answers: [] })
    expect(lines(answer.authorities)).toEqual([
      'sub.example.test. 3600 IN NS ns.sub.example.test.',
      'sub.example.test. 3600 IN NS ns1.example.test.',
    ])
    expect(lines(answer.additionals)).toEqual([
      'ns.sub.example.test. 3600 IN A 127.0.0.3',
      'ns1.example.test. 3600 IN A 127.0.0.1',
    ])
    expect(says('ns.sub.example.test')).toMatchObject({ aa: false, answers: [] })
    expect(says('sub.example.test', 'NS')).toMatchObject({ aa: false, answers: [] })
  })

  test('DS at the cut is the parent’s to answer', () => {
    expect(says('sub.example.test', 'DS')).toMatchObject({
      aa: true,
      answers: [expect.stringContaining('DS')],
    })
    expect(says('glueless.example.test', 'DS')).toMatchObject({ aa: true, authorities: SOA })
  })

  test('the addresses of exchangers and targets come along', () => {
    const { additionals } = example(asked('example.test', 'MX'))
    expect(additionals?.map(({ name }) => name)).toEqual([
      'mail1.example.test',
      'mail1.example.test',
      'mail2.example.test',
    ])
  })

  test('ANY gets all of it', () => {
    expect(new Set(example(asked('www.example.test', 'ANY')).answers?.map(({ type }) => type))).toEqual(
      new Set(['A', 'AAAA', 'HINFO']),
    )
  })
})

describe('zone', () => {
  const SOA_LINE = '@ 60 IN SOA ns h 1 2 3 4 5\n'

  test('records do as well as text, and the root is a zone like any other', () => {
    const root = zone(parseZone(`. 60 IN SOA a. h. 1 2 3 4 5\n* A 192.0.2.1\ntest NS ns.test.\n`))
    expect(root.origin).toBe('.')
    expect(root(asked('anything.else'))).toMatchObject({
      isAuthoritative: true,
      answers: [{ name: 'anything.else' }],
    })
    expect(root(asked('x.test'))).toMatchObject({ isAuthoritative: false, authorities: [{ type: 'NS' }] })
  })

  test('the closest of several zones answers', () => {
    const parent = zone(`${SOA_LINE}sub NS ns.sub\nns.sub A 192.0.2.1\n`, { origin: 'test' })
    const child = zone(`${SOA_LINE}here A 192.0.2.2\n`, { origin: 'sub.test' })
    const both = zones(parent, child)
    expect(both(asked('here.sub.test'))).toMatchObject({
      isAuthoritative: true,
      answers: [{ data: { address: '192.0.2.2' } }],
    })
    expect(both(asked('here.test'))).toMatchObject({ rcode: 'NXDOMAIN' })
    expect(both(asked('here.org'))).toMatchObject({ rcode: 'REFUSED' })
  })

  test.each([
    ['no SOA', 'a 60 A 192.0.2.1\n', 'ERR_OUT_OF_RANGE'],
    ['two of them', SOA_LINE + SOA_LINE, 'ERR_OUT_OF_RANGE'],
    ['a record outside', `${SOA_LINE}a.org. A 192.0.2.1\n`, 'ERR_OUT_OF_RANGE'],
    ['an alias with company', `${SOA_LINE}a CNAME b\na A 192.0.2.1\n`, 'ERR_OUT_OF_RANGE'],
    ['two aliases', `${SOA_LINE}a CNAME b\na CNAME c\n`, 'ERR_OUT_OF_RANGE'],
    ['two classes', `${SOA_LINE}a CH A 192.0.2.1\n`, 'ERR_OUT_OF_RANGE'],
    ['text that is none', 'what is this', 'DNS_TEXT'],
  ])('%s is no zone', (_, text, code) => {
    expect(() => zone(text, { origin: 'test' })).toThrow(expect.objectContaining({ code }))
  })

  test('neither text nor records is refused', () => {
    expect(() => zone(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })
})
