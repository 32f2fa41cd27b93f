/** What BIND says, on the wire and in text, against what this codec makes of it. The fixtures name the server and its version. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandPath, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  formatRecord,
  isReplyTo,
  nameKey,
  parseZone,
  type ResourceRecord,
  readEnvelope,
  sameName,
} from '../../src/wire/index.js'
import { exchanges, fixturePath, readFixture } from './fixtures.js'

const zone = parseZone(readFixture('every-type.zone'))
/** A name server answers in the case of the question, and in any order. */
const textsOf = (records: readonly ResourceRecord[]) =>
  records.map((record) => formatRecord(record).toLowerCase()).sort()

/** What a server keeps to itself: it refers to the servers of a delegation, and does not give NSEC3 records by name. */
const NOT_ANSWERED: readonly string[] = ['child.example NS', 'nosalt.example NSEC3']

describe.each(exchanges('every-type.json').map((one) => ({ ...one, title: `${one.name} ${one.type}` })))(
  '$title',
  ({ title, name, type, query, reply }) => {
    const { answers } = decodeMessage(reply)

    test('has on the wire what the zone file has', () => {
      const expected = zone.filter((record) => record.type === type && sameName(record.name, name))
      expect(textsOf(answers)).toEqual(NOT_ANSWERED.includes(title) ? [] : textsOf(expected))
    })

    test('is the same message after it was encoded again, and no longer', () => {
      const message = decodeMessage(reply)
      const bytes = encodeMessage(message)
      expect(decodeMessage(bytes)).toEqual(message)
      expect(bytes.length).toBeLessThanOrEqual(reply.length)
    })

    test('the reply belongs to its query', () => {
      expect(isReplyTo(reply, query)).toBe(true)
      expect(isReplyTo(query, query)).toBe(false)
    })
  },
)

describe('messages of clients and servers', () => {
  test.each(exchanges('named.json'))(
    '$name $type: encoded again it is no longer than named made it',
    ({ query, reply }) => {
      for (const bytes of [query, reply]) {
        const message = decodeMessage(bytes)
        const again = encodeMessage(message)
        expect(decodeMessage(again)).toEqual(message)
        expect(again.length).toBeLessThanOrEqual(bytes.length)
      }
    },
  )

  test('a query is encoded byte for byte as it was sent', () => {
    for (const { query } of exchanges('named.json'))
      expect(encodeMessage(decodeMessage(query)).equals(query)).toBe(true)
  })

  test('each has the name and type that was asked for, in its case', () => {
    for (const { name, type, reply } of exchanges('named.json')) {
      expect(decodeMessage(reply).questions).toEqual([{ name, type, class: 'IN' }])
      expect(nameKey(name)).toBe(name.toLowerCase())
    }
  })

  test('a chain of aliases is in order', () => {
    const found = exchanges('named.json').find(({ name }) => name === 'www.example.com')
    const { answers } = decodeMessage((found as { reply: Buffer }).reply)
    expect(answers.slice(0, 3).map((record) => formatRecord(record).replace(/\d+$/, 'N'))).toEqual([
      'www.example.com. 3600 IN CNAME shop.cdn.example.com.',
      'shop.cdn.example.com. 3600 IN CNAME edge-eu-west-1.cdn.example.com.',
      'edge-eu-west-1.cdn.example.com. 60 IN A 203.0.113.N',
    ])
  })

  test('the envelope says what the message says', () => {
    for (const { reply } of exchanges('named.json')) {
      const { id, isResponse, isTruncated, opcode } = decodeMessage(reply)
      expect(readEnvelope(reply)).toMatchObject({ id, isResponse, isTruncated, opcode, questionCount: 1 })
    }
  })
})

describe('zone files', () => {
  test('named-checkzone reads the same records out of every-type.zone', () => {
    // Made by named-checkzone of BIND 9.18.49: -i none -k ignore -n ignore -m ignore -D -o every-type.canonical.zone example every-type.zone
    const canonical = parseZone(readFixture('every-type.canonical.zone'))
    expect(canonical.map(formatRecord).sort()).toEqual(zone.map(formatRecord).sort())
  })

  test('what formatRecord writes is to named-checkzone what it read from', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'zone')
    writeFileSync(file, `${zone.map(formatRecord).join('\n')}\n`)
    const flags = ['-q', '-i', 'none', '-k', 'ignore', '-n', 'ignore', '-m', 'ignore', '-D', '-o', '-']
    const canonicalOf = (path: string) =>
      execFileSync(commandPath('named-checkzone'), [...flags, 'example', path], { encoding: 'utf8' })
    expect(canonicalOf(file)).toBe(canonicalOf(fixturePath('every-type.zone')))
  })
})
