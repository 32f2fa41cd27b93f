/**
 * Whatever happens to the bytes on their way: what is received is a beginning of what was sent, an end in order means all of it, and
 * everything else is an error with a code.
 *
 * SHRAPNEL_FUZZ_MS makes it go on for so long, with other seeds each time; what it finds becomes a row here.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { native } from '../../src/native.js'
import type { Version } from '../../src/options.js'
import { house } from '../house.js'
import { type Change, CLIENT_SAYS, conversation, type Outcome, SERVER_SAYS } from './records.js'

const here = house()
const VERSIONS = ['TLSv1.3', 'TLSv1.2'] as const
const CODES = [
  ...['TLS_PROTOCOL', 'TLS_ALERT', 'TLS_HANDSHAKE_CUT', 'TRUNCATED'],
  // What is changed before the two sides have their keys may look like this.
  ...['TLS_NOT_TLS', 'TLS_VERSION', 'TLS_CIPHER', 'TLS_CERTIFICATE'],
]
/** Of whoever goes on talking to a peer that has given up. */
const GONE = ['EPIPE', 'ECONNRESET', 'CLOSED', 'INTERRUPTED']

const fuzzMs = Number(process.env.SHRAPNEL_FUZZ_MS ?? 0)
const runs: fc.Parameters<unknown> =
  fuzzMs > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false }
    : { numRuns: 120, seed: 20_261_121 }
const timeoutMs = fuzzMs + 60_000

const isExpected = (code: string): boolean =>
  [...CODES, ...GONE].includes(code) || code.startsWith('TLS_CERTIFICATE_')

/** What a conversation broke of these laws. */
function broken({ client, server }: Outcome): string[] {
  const laws: string[] = []
  for (const [who, heard, other, said] of [
    ['client', client, server, Buffer.concat(SERVER_SAYS)],
    ['server', server, client, Buffer.concat(CLIENT_SAYS)],
  ] as const) {
    if (!heard.bytes.equals(said.subarray(0, heard.bytes.length)))
      laws.push(`the ${who} heard what nobody said`)
    // A side that failed closes, in order, what it had not said to the end.
    if (heard.code === undefined && other.code === undefined && heard.bytes.length < said.length)
      laws.push(`the ${who} took a part for the whole`)
    if (heard.code !== undefined && !isExpected(heard.code)) laws.push(`the ${who} failed with ${heard.code}`)
  }
  // When its time is up, fast-check leaves the last conversation alone.
  const left = fuzzMs > 0 ? 0 : native.engineCount()
  if (left > 0) laws.push(`${left} engines are left`)
  return laws
}

const NONE: string[] = []

const isProtected = (version: Version, record: Buffer, isAfterChange: boolean): boolean =>
  version === 'TLSv1.3' ? record[0] === 23 : isAfterChange && record[0] !== 20

test.each(VERSIONS)('%s: what is not changed arrives whole, both ways', async (version) => {
  const { client, server } = await conversation(here, version, {})
  expect([client.code, server.code]).toEqual([undefined, undefined])
  expect(broken({ client, server })).toEqual(NONE)
})

type Damage = (record: Buffer, at: number, value: number) => readonly Buffer[] | undefined

function flipped(record: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(record)
  const index = at % changed.length
  changed[index] = (changed[index] as number) ^ (1 + (value % 255))
  return changed
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  'with a byte changed': (record, at, value) => [flipped(record, at, value)],
  'cut short': (record, at) => [record.subarray(0, at % record.length)],
  'cut short, and then the end': (record, at) =>
    at % 2 === 0 ? undefined : [record.subarray(0, at % record.length)],
  'left out': () => [],
  twice: (record) => [record, record],
  'behind one of another type': (record, _at, value) => [
    Buffer.from([20 + (value % 5), 3, 3, 0, 1, value]),
    record,
  ],
  'behind an empty one': (record) => [Buffer.from([record[0] as number, 3, 3, 0, 0]), record],
  'with bytes put in': (record, at, value) => {
    const index = at % record.length
    return [record.subarray(0, index), Buffer.alloc(1 + (value % 40), value), record.subarray(index)]
  },
  'in pieces of one byte': (record) =>
    Array.from(record, (_byte, index) => record.subarray(index, index + 1)),
}

describe.each(VERSIONS)('%s', (version) => {
  test.each(['toServer', 'toClient'] as const)(
    'a byte changed in any record %s is noticed if the record is protected',
    async (direction) => {
      const victim = direction === 'toServer' ? 'server' : 'client'
      const seen: string[] = []
      for (let which = 0, isDone = false; !isDone; which++) {
        isDone = true
        let mustFail = false
        let isAfterChange = false
        const change: Change = (record, index) => {
          const isThis = index === which
          if (isThis) {
            isDone = false
            mustFail = isProtected(version, record, isAfterChange)
          }
          isAfterChange ||= record[0] === 20
          return [isThis ? flipped(record, record.length - 1, 0) : record]
        }
        const outcome = await conversation(here, version, { [direction]: change })
        expect(broken(outcome)).toEqual(NONE)
        if (mustFail) seen.push(outcome[victim].code ?? 'nothing')
      }
      expect(seen.length).toBeGreaterThan(3)
      expect(new Set(seen)).toEqual(new Set(['TLS_PROTOCOL']))
    },
  )

  test.each(Object.entries(DAMAGES))(
    'any record %s is an error, or without effect',
    async (_name, damage) => {
      const property = fc.asyncProperty(
        fc.boolean(),
        fc.nat(12),
        fc.oneof(fc.nat(60), fc.nat(20_000)),
        fc.nat(255),
        async (isToServer, which, at, value) => {
          const change: Change = (record, index) => (index === which ? damage(record, at, value) : [record])
          const outcome = await conversation(here, version, {
            [isToServer ? 'toServer' : 'toClient']: change,
          })
          expect(broken(outcome)).toEqual(NONE)
        },
      )
      await fc.assert(property, {
        ...runs,
        numRuns: Math.min(runs.numRuns as number, fuzzMs > 0 ? Infinity : 25),
      })
    },
    timeoutMs,
  )

  test(
    'any number of damages, both ways, is an error or without effect',
    async () => {
      const names = Object.keys(DAMAGES)
      const damages = fc.array(
        fc.record({
          which: fc.nat(14),
          name: fc.constantFrom(...names),
          at: fc.nat(20_000),
          value: fc.nat(255),
        }),
        { maxLength: 4 },
      )
      const changeOf =
        (list: readonly { which: number; name: string; at: number; value: number }[]): Change =>
        (record, index) => {
          const found = list.find(({ which }) => which === index)
          return found === undefined ? [record] : DAMAGES[found.name]?.(record, found.at, found.value)
        }
      const property = fc.asyncProperty(damages, damages, async (toServer, toClient) => {
        expect(
          broken(
            await conversation(here, version, { toServer: changeOf(toServer), toClient: changeOf(toClient) }),
          ),
        ).toEqual(NONE)
      })
      await fc.assert(property, runs)
    },
    timeoutMs,
  )
})
