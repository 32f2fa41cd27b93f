/** Messages to be varied, and random ones. */
import fc from 'fast-check'
import type { Message, OpaqueType, RecordData, ResourceRecord } from '../../src/wire/index.js'
import { canonicalName } from '../../src/wire/index.js'

export const PLAIN: Message = {
  id: 0,
  isResponse: false,
  opcode: 'QUERY',
  isAuthoritative: false,
  isTruncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  isAuthenticData: false,
  checkingDisabled: false,
  rcode: 'NOERROR',
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: undefined,
}

const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array))
const uint8 = fc.nat(0xff)
const uint16 = fc.nat(0xffff)
const uint32 = fc.nat(0xffff_ffff)
/** A character for each byte. */
const latin1 = (maxLength: number, minLength = 0) =>
  bytes(maxLength, minLength).map((array) => Buffer.from(array).toString('latin1'))
const list = <T>(item: fc.Arbitrary<T>, minLength = 0) => fc.array(item, { minLength, maxLength: 4 })

const label = fc.oneof(
  fc.constantFrom('example', 'EXAMPLE', 'com', 'www', '_tcp', 'a', 'x'.repeat(63)),
  bytes(20, 1).map((array) => [...array].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')),
)

/** Out of few labels, so that there is something to compress. In the form that decoded names have. */
export const anyName = fc
  .array(label, { maxLength: 3 })
  .map((labels) => (labels.length === 0 ? '.' : canonicalName(labels.join('.'))))

const ipv4 = fc.tuple(uint8, uint8, uint8, uint8).map((parts) => parts.join('.'))
const ipv6 = fc.constantFrom(
  '::',
  '::1',
  '2001:db8::1',
  '1:2:3:4:5:6:7:8',
  '::ffff:192.0.2.1',
  'fe80::1:0:0:1',
  '1::',
)
const TYPES: readonly string[] = ['A', 'NS', 'SOA', 'MX', 'RRSIG', 'NSEC', 'CAA', 'TYPE1234', 'TYPE65535']
/** In the order of their numbers, as a bitmap gives them back. */
const types = fc
  .array(fc.boolean(), { minLength: 9, maxLength: 9 })
  .map((bits) => TYPES.filter((_, i) => bits[i]))

const params = fc
  .record({
    alpn: fc.option(list(latin1(9, 1), 1), { nil: undefined }),
    port: fc.option(uint16, { nil: undefined }),
    ipv4hint: fc.option(list(ipv4, 1), { nil: undefined }),
    ech: fc.option(bytes(90), { nil: undefined }),
    ipv6hint: fc.option(list(ipv6, 1), { nil: undefined }),
    others: fc.option(
      fc
        .uniqueArray(fc.record({ key: fc.integer({ min: 7, max: 0xffff }), bytes: bytes(9) }), {
          selector: ({ key }) => key,
          minLength: 1,
          maxLength: 3,
        })
        .map((others) => others.sort((a, b) => a.key - b.key)),
      { nil: undefined },
    ),
    isBare: fc.boolean(),
  })
  .map(({ isBare, ...rest }) => {
    const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
    const order = ['alpn', 'port', 'ipv4hint', 'ipv6hint'].filter((key) => key in kept)
    if (isBare) return kept
    return {
      ...kept,
      ...(order.length > 0 ? { mandatory: order } : {}),
      ...('alpn' in kept ? { noDefaultAlpn: true } : {}),
    }
  })
const binding = fc.record({ priority: uint16, target: anyName, params })
const signer = fc.record({ keyTag: uint16, algorithm: uint8, digestType: uint8, digest: bytes(48) })
const key = fc.record({ flags: uint16, protocol: uint8, algorithm: uint8, publicKey: bytes(90) })
const target = fc.record({ target: anyName })
const nsec3param = { hashAlgorithm: uint8, flags: uint8, iterations: uint16, salt: bytes(8) }

/** Every type with fields: what the compiler asks for here is what the tests cover. */
const DATA: {
  readonly [Type in Exclude<keyof RecordData, OpaqueType | `TYPE${number}`>]: fc.Arbitrary<RecordData[Type]>
} = {
  A: fc.record({ address: ipv4 }),
  AAAA: fc.record({ address: ipv6 }),
  CNAME: target,
  NS: target,
  PTR: target,
  DNAME: target,
  MX: fc.record({ preference: uint16, exchange: anyName }),
  TXT: fc.record({ strings: list(bytes(255), 1) }),
  SOA: fc.record({
    ...{ mname: anyName, rname: anyName, serial: uint32, refresh: uint32, retry: uint32, expire: uint32 },
    minimum: uint32,
  }),
  SRV: fc.record({ priority: uint16, weight: uint16, port: uint16, target: anyName }),
  HINFO: fc.record({ cpu: latin1(255), os: latin1(9) }),
  NAPTR: fc.record({
    ...{ order: uint16, preference: uint16, flags: latin1(3), services: latin1(9), regexp: latin1(30) },
    replacement: anyName,
  }),
  CAA: fc.record({ flags: uint8, tag: fc.constantFrom('issue', 'Iodef', 'x1'), value: latin1(300) }),
  TLSA: fc.record({
    ...{ certificateUsage: uint8, selector: uint8, matchingType: uint8 },
    certificateAssociationData: bytes(70),
  }),
  SSHFP: fc.record({ algorithm: uint8, fingerprintType: uint8, fingerprint: bytes(32) }),
  DS: signer,
  CDS: signer,
  DNSKEY: key,
  CDNSKEY: key,
  RRSIG: fc.record({
    ...{ typeCovered: fc.constantFrom('A', 'SOA', 'TYPE999'), algorithm: uint8, labels: uint8 },
    ...{ originalTtl: uint32, expiration: uint32, inception: uint32, keyTag: uint16, signerName: anyName },
    signature: bytes(90),
  }),
  NSEC: fc.record({ nextDomainName: anyName, types }),
  NSEC3: fc.record({ ...nsec3param, nextHashedOwnerName: bytes(20, 1), types }),
  NSEC3PARAM: fc.record(nsec3param),
  SVCB: binding,
  HTTPS: binding,
}

const opaque = fc.record({ bytes: bytes(90) })

export const anyRecord = fc
  .oneof(
    ...Object.entries(DATA).map(([type, data]) =>
      fc.record({ type: fc.constant(type), data: data as fc.Arbitrary<unknown> }),
    ),
    fc.record({
      type: fc.constantFrom('LOC', 'TSIG', 'TYPE65280', 'TYPE0'),
      data: opaque as fc.Arbitrary<unknown>,
    }),
  )
  .chain(({ type, data }) =>
    fc.record({
      name: anyName,
      type: fc.constant(type),
      class: fc.constantFrom('IN', 'CH', 'CLASS4711'),
      ttl: fc.nat(0x7fff_ffff),
      data: fc.constant(data),
    }),
  ) as unknown as fc.Arbitrary<ResourceRecord>

const option = fc.oneof(
  fc.record({
    option: fc.constant('COOKIE' as const),
    client: bytes(8, 8),
    server: fc.oneof(fc.constant(new Uint8Array(0)), bytes(32, 8)),
  }),
  fc.record({ option: fc.constant('PADDING' as const), bytes: fc.nat(300) }),
  fc.constantFrom(
    { option: 'CLIENT-SUBNET' as const, address: '192.0.2.0', sourcePrefix: 24, scopePrefix: 0 },
    { option: 'CLIENT-SUBNET' as const, address: '2001:db8:8000::', sourcePrefix: 33, scopePrefix: 48 },
    { option: 'CLIENT-SUBNET' as const, address: '0.0.0.0', sourcePrefix: 0, scopePrefix: 32 },
  ),
  fc.record({
    option: fc.constant('EXTENDED-ERROR' as const),
    infoCode: uint16,
    text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
  fc.record({
    option: fc.constant('OTHER' as const),
    code: fc.integer({ min: 16, max: 0xffff }),
    bytes: bytes(9),
  }),
)

const edns = fc.record({
  udpPayloadBytes: uint16,
  version: uint8,
  dnssecOk: fc.boolean(),
  options: list(option),
})

export const anyMessage: fc.Arbitrary<Message> = fc.record({
  id: uint16,
  isResponse: fc.boolean(),
  opcode: fc.constantFrom('QUERY', 'NOTIFY', 'OPCODE15'),
  isAuthoritative: fc.boolean(),
  isTruncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  isAuthenticData: fc.boolean(),
  checkingDisabled: fc.boolean(),
  rcode: fc.constantFrom('NOERROR', 'NXDOMAIN', 'RCODE12'),
  questions: fc.array(
    fc.record({
      name: anyName,
      type: fc.constantFrom('A', 'ANY', 'LOC', 'TYPE65280'),
      class: fc.constantFrom('IN', 'ANY', 'CLASS4711'),
    }),
    { maxLength: 1 },
  ),
  answers: list(anyRecord),
  authorities: list(anyRecord),
  additionals: list(anyRecord),
  edns: fc.option(edns, { nil: undefined }),
})
