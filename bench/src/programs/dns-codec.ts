/** Decodes or encodes a set of real DNS messages over and over, with one codec. Both give the same fields, which is checked first. */
import assert from 'node:assert/strict'
import { dnsSamples } from '../dns-samples.js'
import { chosen, finish, programArguments, ratePerSecond } from './program.js'

interface Parameters {
  readonly work: 'decode' | 'encode'
  readonly timeMs: number
}

type Codec = (sample: Buffer) => { decode(): unknown; encode(): Buffer }

interface PeerRecord {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly data: unknown
}

async function ours(): Promise<Codec> {
  const { decodeMessage, encodeMessage } = await import('@shrapnel/dns/wire')
  return (sample) => {
    const message = decodeMessage(sample)
    return { decode: () => decodeMessage(sample), encode: () => encodeMessage(message) }
  }
}

async function dnsPacket(): Promise<Codec> {
  // @ts-expect-error It comes without types.
  const { default: packet } = await import('dns-packet')
  return (sample) => {
    const message = packet.decode(sample)
    return { decode: () => packet.decode(sample), encode: () => packet.encode(message) }
  }
}

/** The values of all fields without their names, which differ; the flag that the peer takes out of another field is left out. */
function valuesOf(data: unknown): string[] {
  if (data instanceof Uint8Array) return [`0x${Buffer.from(data).toString('hex')}`]
  if (typeof data === 'object' && data !== null) return Object.values(data).flatMap(valuesOf).sort()
  return typeof data === 'boolean' ? [] : [String(data)]
}

/** Throws if one of the two decodes less than the other, or differently. */
async function checkSameWork(samples: readonly Buffer[]): Promise<void> {
  const { decodeMessage } = await import('@shrapnel/dns/wire')
  // @ts-expect-error It comes without types.
  const { default: packet } = await import('dns-packet')
  for (const sample of samples) {
    const a = decodeMessage(sample)
    const b = packet.decode(sample)
    assert.equal(a.id, b.id)
    assert.equal(a.rcode, b.rcode)
    assert.deepEqual(
      a.questions,
      [...b.questions].map(({ name, type, class: c }) => ({ name, type, class: c })),
    )
    for (const section of ['answers', 'authorities', 'additionals'] as const) {
      const records = (b[section] as PeerRecord[]).filter(({ type }) => type !== 'OPT')
      assert.equal(a[section].length, records.length)
      for (const [i, { name, type, ttl, data }] of a[section].entries()) {
        const other = records[i] as PeerRecord
        assert.deepEqual([name, type, ttl], [other.name, other.type, other.ttl])
        // It checks that the protocol of a key is 3, and says no more of it.
        const rest = type === 'DNSKEY' ? { protocol: 3 } : {}
        assert.deepEqual(valuesOf(data), valuesOf([other.data, rest]))
      }
    }
  }
}

const { contestant, parameters } = programArguments<Parameters>()
const samples = dnsSamples()
await checkSameWork(samples)
const codec = await chosen({ ours, 'dns-packet': dnsPacket }, contestant)()
const jobs = samples.map(codec)
let sink: unknown
const round =
  parameters.work === 'decode'
    ? async () => {
        for (const job of jobs) sink = job.decode()
      }
    : async () => {
        for (const job of jobs) sink = job.encode()
      }
const perSecond = await ratePerSecond(jobs.length, parameters.timeMs, round)
assert.ok(sink !== undefined)
finish({ perSecond })
