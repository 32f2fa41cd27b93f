/** Messages that are wrong in one way each, and the code that says so. What the fuzz tests find is added here. */
import { describeHostile, type HostileEntry } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { DnsWireError, decodeMessage, FrameDecoder } from '../../src/wire/index.js'

/** Each of these is a response with id 1 and one record. */
const A = '0001 0001 00000e10'
const record = (type: string, length: string, data: string) => `00 ${type} 0001 00000e10 ${length} ${data}`
const oneOf = (type: string, length: string, data: string) =>
  `0001 8400 0000 0001 0000 0000 ${record(type, length, data)}`
const opt = (length: string, data: string) =>
  `0001 8400 0000 0000 0000 0001 00 0029 04d0 00000000 ${length} ${data}`
const question = (name: string) => `0001 0100 0001 0000 0000 0000 ${name} 0001 0001`
const label63 = `3f ${'61'.repeat(63)}`
const label62 = `3e ${'61'.repeat(62)}`
const label61 = `3d ${'61'.repeat(61)}`

/** Records with a name each that points to the one before: hop upon hop. */
function chain(hops: number): string {
  let text = '0001 8400 0001 '
  text += `${hops.toString(16).padStart(4, '0')} 0000 0000 00 0001 0001`
  // The first record's name is at 17 and has one label; each of the others is a pointer to the one before.
  let at = 17
  text += ` 01 61 00 ${A} 0004 01020304`
  let target = at
  at += 17
  for (let i = 1; i < hops; i++) {
    text += ` 01 61 ${(0xc000 | target).toString(16)} ${A} 0004 01020304`
    target = at
    at += 18
  }
  return text
}

/** Names that are a pointer each, to the pointer before. */
function pointers(hops: number): string {
  let text = `0001 8400 0000 ${hops.toString(16).padStart(4, '0')} 0000 0000 00 ${A} 0004 01020304`
  let target = 12
  let at = 27
  for (let i = 1; i < hops; i++) {
    text += ` ${(0xc000 | target).toString(16)} ${A} 0004 01020304`
    target = at
    at += 16
  }
  return text
}

const ROWS: readonly HostileEntry[] = [
  ['nothing', '', 'DNS_SHORT'],
  ['a header without its last byte', '0001 8400 0000 0000 0000 00', 'DNS_SHORT'],
  ['one question counted and none there', '0001 0100 0001 0000 0000 0000', 'DNS_SHORT'],
  ['65,535 answers counted and none there', '0001 8400 0000 ffff 0000 0000', 'DNS_SHORT'],
  ['an authority counted and none there', '0001 8400 0000 0000 0001 0000', 'DNS_SHORT'],
  ['an additional record counted and none there', '0001 8400 0000 0000 0000 0001', 'DNS_SHORT'],
  ['one byte behind the last record', `${oneOf('0001', '0004', '01020304')} 00`, 'DNS_TRAILING_BYTES'],
  [
    'a record more than is counted',
    `${oneOf('0001', '0004', '01020304')} ${record('0001', '0004', '01020304')}`,
    'DNS_TRAILING_BYTES',
  ],
  [
    'two questions in a query',
    '0001 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001',
    'DNS_QUESTION_COUNT',
  ],
  [
    'two questions in a reply',
    '0001 8400 0002 0000 0000 0000 00 0001 0001 00 0001 0001',
    'DNS_QUESTION_COUNT',
  ],
  ['a question that ends in its type', '0001 0100 0001 0000 0000 0000 00 00', 'DNS_SHORT'],
  ['a question that ends in its name', '0001 0100 0001 0000 0000 0000 03 6161', 'DNS_SHORT'],
  ['a label that begins with the bits 01', question('41 00'), 'DNS_LABEL_TYPE'],
  ['a label that begins with the bits 10', question('80 00'), 'DNS_LABEL_TYPE'],
  ['a pointer to itself', question('c00c'), 'DNS_POINTER'],
  ['a pointer forward', question('c00e 00'), 'DNS_POINTER'],
  ['a pointer into the header', question('c000'), 'DNS_POINTER'],
  ['a pointer past the end', question('ffff'), 'DNS_POINTER'],
  ['a pointer to the name that it ends', question('01 61 c00c'), 'DNS_POINTER'],
  ['a pointer to the middle of the name that it ends', question('01 61 01 62 c00e'), 'DNS_POINTER'],
  [
    'two pointers at each other',
    `0001 8400 0001 0001 0000 0000 c012 0001 0001 c00c ${A} 0004 01020304`,
    'DNS_POINTER',
  ],
  ['half a pointer at the end', '0001 0100 0001 0000 0000 0000 c0', 'DNS_SHORT'],
  {
    why: 'one pointer more than a name may have',
    bytes: pointers(129),
    code: 'DNS_POINTER',
    limit: 'MAX_COMPRESSION_HOPS',
  },
  {
    why: 'more pointers in one name than it can have labels',
    bytes: chain(129),
    code: 'DNS_NAME_LENGTH',
    limit: 'MAX_NAME_BYTES',
  },
  {
    why: 'a name of 256 bytes',
    bytes: question(`${label63} ${label63} ${label63} ${label62} 00`),
    code: 'DNS_NAME_LENGTH',
    limit: 'MAX_NAME_BYTES',
  },
  {
    why: 'a name of 256 bytes by way of a pointer',
    bytes: `0001 8400 0001 0001 0000 0000 ${label63} ${label63} ${label62} 00 0001 0001 ${label63} c00c ${A} 0004 01020304`,
    code: 'DNS_NAME_LENGTH',
    limit: 'MAX_NAME_BYTES',
  },
  ['RDLENGTH past the end of the message', oneOf('0001', '0005', '01020304'), 'DNS_SHORT'],
  ['an address of 3 bytes', oneOf('0001', '0003', '010203'), 'DNS_RDATA_SHORT'],
  ['an address of 5 bytes', oneOf('0001', '0005', '0102030405'), 'DNS_RDATA_LONG'],
  ['an IPv6 address of 4 bytes', oneOf('001c', '0004', '01020304'), 'DNS_RDATA_SHORT'],
  ['an IPv6 address of 17 bytes', oneOf('001c', '0011', '00'.repeat(17)), 'DNS_RDATA_LONG'],
  ['a CNAME of no bytes', oneOf('0005', '0000', ''), 'DNS_RDATA_SHORT'],
  ['a CNAME that goes on after its name', oneOf('0005', '0002', '0000'), 'DNS_RDATA_LONG'],
  ['a name that leaves its record', `${oneOf('0005', '0002', '0161')} 00`, 'DNS_RDATA_SHORT'],
  ['a pointer cut by the end of its record', oneOf('0005', '0001', 'c00c'), 'DNS_RDATA_SHORT'],
  ['an MX of a preference alone', oneOf('000f', '0002', '000a'), 'DNS_RDATA_SHORT'],
  ['an SOA without its minimum', oneOf('0006', '0012', `0000${'00'.repeat(16)}`), 'DNS_RDATA_SHORT'],
  ['a TXT without a string', oneOf('0010', '0000', ''), 'DNS_RDATA_SHORT'],
  ['a string longer than its record', oneOf('0010', '0002', '0561'), 'DNS_RDATA_SHORT'],
  ['an SRV without a target', oneOf('0021', '0006', '000100020003'), 'DNS_RDATA_SHORT'],
  ['a CAA with an empty tag', oneOf('0101', '0003', '000061'), 'DNS_RDATA_VALUE'],
  ['a CAA with a space in its tag', oneOf('0101', '0003', '000120'), 'DNS_RDATA_VALUE'],
  ['a CAA with a tag past its end', oneOf('0101', '0003', '000561'), 'DNS_RDATA_SHORT'],
  ['an NSEC window of no bytes', oneOf('002f', '0003', '00 0000'), 'DNS_RDATA_VALUE'],
  ['an NSEC window of 33 bytes', oneOf('002f', '0024', `00 0021 ${'01'.repeat(33)}`), 'DNS_RDATA_VALUE'],
  ['an NSEC window that ends in zeros', oneOf('002f', '0005', '00 0002 4000'), 'DNS_RDATA_VALUE'],
  ['the same NSEC window twice', oneOf('002f', '0007', '00 000140 000140'), 'DNS_RDATA_VALUE'],
  ['an NSEC window cut short', oneOf('002f', '0004', '00 000240'), 'DNS_RDATA_SHORT'],
  ['an NSEC3 salt past its end', oneOf('0032', '0006', '01 00 0000 09 00'), 'DNS_RDATA_SHORT'],
  [
    'service parameters out of order',
    oneOf('0041', '000d', '0001 00 0003 0002 0050 0001 0000'),
    'DNS_RDATA_VALUE',
  ],
  [
    'a service parameter twice',
    oneOf('0041', '000f', '0001 00 0003 0002 0050 0003 0002 0050'),
    'DNS_RDATA_VALUE',
  ],
  ['a service parameter past its end', oneOf('0041', '0007', '0001 00 0003 0002'), 'DNS_RDATA_SHORT'],
  ['a port of 1 byte', oneOf('0041', '0008', '0001 00 0003 0001 50'), 'DNS_RDATA_SHORT'],
  ['a port of 3 bytes', oneOf('0041', '000a', '0001 00 0003 0003 500000'), 'DNS_RDATA_VALUE'],
  ['no-default-alpn with a value', oneOf('0041', '0008', '0001 00 0002 0001 00'), 'DNS_RDATA_VALUE'],
  ['no-default-alpn without alpn', oneOf('0041', '0007', '0001 00 0002 0000'), 'DNS_RDATA_VALUE'],
  ['an empty list of protocols', oneOf('0041', '0007', '0001 00 0001 0000'), 'DNS_RDATA_SHORT'],
  ['an empty protocol', oneOf('0041', '0008', '0001 00 0001 0001 00'), 'DNS_RDATA_VALUE'],
  ['an IPv4 hint of 3 bytes', oneOf('0041', '000a', '0001 00 0004 0003 010203'), 'DNS_RDATA_SHORT'],
  ['a mandatory key that is not there', oneOf('0041', '0009', '0001 00 0000 0002 0003'), 'DNS_RDATA_VALUE'],
  ['mandatory that names itself', oneOf('0041', '0009', '0001 00 0000 0002 0000'), 'DNS_RDATA_VALUE'],
  [
    'an OPT record among the answers',
    `0001 8400 0000 0001 0000 0000 00 0029 04d0 00000000 0000`,
    'DNS_OPT_PLACE',
  ],
  [
    'an OPT record among the authorities',
    `0001 8400 0000 0000 0001 0000 00 0029 04d0 00000000 0000`,
    'DNS_OPT_PLACE',
  ],
  [
    'two OPT records',
    `0001 8400 0000 0000 0000 0002 00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000`,
    'DNS_OPT_TWICE',
  ],
  [
    'an OPT record with a name',
    `0001 8400 0000 0000 0000 0001 0161 00 0029 04d0 00000000 0000`,
    'DNS_OPT_NAME',
  ],
  ['an option past the end of its record', opt('0004', '000a 0008'), 'DNS_RDATA_SHORT'],
  ['an option of half a header', opt('0003', '000a 00'), 'DNS_RDATA_SHORT'],
  ['a cookie of 7 bytes', opt('000b', '000a 0007 01020304050607'), 'DNS_RDATA_VALUE'],
  ['a cookie with 1 byte of the server', opt('000d', '000a 0009 010203040506070801'), 'DNS_RDATA_VALUE'],
  ['a cookie of 41 bytes', opt('002d', `000a 0029 ${'01'.repeat(41)}`), 'DNS_RDATA_VALUE'],
  ['a subnet of no known family', opt('0008', '0008 0004 0003 00 00'), 'DNS_RDATA_VALUE'],
  ['a subnet with 33 bits of IPv4', opt('000d', '0008 0009 0001 21 00 0102030405'), 'DNS_RDATA_VALUE'],
  ['a subnet with fewer bytes than its prefix', opt('000a', '0008 0006 0001 18 00 0102'), 'DNS_RDATA_SHORT'],
  ['a subnet with more bytes than its prefix', opt('000a', '0008 0006 0001 08 00 0102'), 'DNS_RDATA_VALUE'],
  ['a subnet with bits behind its prefix', opt('0009', '0008 0005 0001 07 00 01'), 'DNS_RDATA_VALUE'],
  ['an extended error of 1 byte', opt('0005', '000f 0001 00'), 'DNS_RDATA_SHORT'],
]

describeHostile('a hostile message', ROWS, decodeMessage)

describe('what is at the limit passes', () => {
  test('a name of 255 bytes', () => {
    const bytes = Buffer.from(
      question(`${label63} ${label63} ${label63} ${label61} 00`).replaceAll(' ', ''),
      'hex',
    )
    expect(decodeMessage(bytes).questions[0]?.name).toHaveLength(253)
  })

  test('a name of 127 labels by way of 126 pointers', () => {
    const { answers } = decodeMessage(Buffer.from(chain(127).replaceAll(' ', ''), 'hex'))
    expect(answers.at(-1)?.name).toBe(Array.from({ length: 127 }, () => 'a').join('.'))
  })

  test('a name of 127 pointers', () => {
    const { answers } = decodeMessage(Buffer.from(pointers(128).replaceAll(' ', ''), 'hex'))
    expect(answers.at(-1)?.name).toBe('.')
  })

  test('a TTL of 2^31 - 1; one more counts as 0', () => {
    const withTtl = (ttl: string) =>
      Buffer.from(`000184000000000100000000 00 0001 0001 ${ttl} 0004 01020304`.replaceAll(' ', ''), 'hex')
    expect(decodeMessage(withTtl('7fffffff')).answers[0]?.ttl).toBe(0x7fff_ffff)
    expect(decodeMessage(withTtl('80000000')).answers[0]?.ttl).toBe(0)
    expect(decodeMessage(withTtl('ffffffff')).answers[0]?.ttl).toBe(0)
  })
})

test('an error says where in the message', () => {
  const bytes = Buffer.from('000101000001000000000000c00e', 'hex')
  expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({ code: 'DNS_POINTER', at: 12 }))
  expect(() => decodeMessage(Buffer.alloc(5))).toThrow(DnsWireError)
})

/** A reader that was left in the middle of a message must not know its names in the next one. */
test('a message that was refused leaves nothing behind for the next one', () => {
  const first = Buffer.from('00010100000100000000000003777777000001000161', 'hex')
  expect(() => decodeMessage(first)).toThrow(expect.objectContaining({ code: 'DNS_TRAILING_BYTES' }))
  const pointing = Buffer.from('000101000001000000000000c00c00010001', 'hex')
  expect(() => decodeMessage(pointing)).toThrow(expect.objectContaining({ code: 'DNS_POINTER' }))
})

test('a message in a view at an odd offset of a larger buffer is read from there', () => {
  const bytes = Buffer.from(oneOf('0010', '0003', '026869').replaceAll(' ', ''), 'hex')
  const larger = new Uint8Array(bytes.length + 8).fill(0xa5)
  larger.set(bytes, 3)
  const { answers } = decodeMessage(larger.subarray(3, 3 + bytes.length))
  larger.fill(0)
  expect(answers[0]?.data).toEqual({ strings: [Uint8Array.of(0x68, 0x69)] })
})

describeHostile(
  'a hostile stream',
  [
    ['a frame of no bytes', '0000', 'DNS_FRAME_LENGTH'],
    ['a frame shorter than a header', '000b', 'DNS_FRAME_LENGTH'],
    ['half a length, then the end', '00', 'DNS_FRAME_CUT'],
    ['a length and no message', '000c', 'DNS_FRAME_CUT'],
    ['a message without its last byte', `000c ${'00'.repeat(11)}`, 'DNS_FRAME_CUT'],
  ],
  (bytes) => {
    const decoder = new FrameDecoder()
    decoder.push(bytes)
    decoder.end()
  },
)
