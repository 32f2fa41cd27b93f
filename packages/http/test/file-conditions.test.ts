import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  freePort,
  makeCertificateAuthority,
  type RealServer,
  startNginx,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { files, type Server, serve } from '../src/index.js'
import { formatHttpDate } from '../src/wire/date.js'
import { type AskedAnswer, ask } from './asked.js'

const TEXT = '0123456789abcdefghij'
/** A whole second, and a while ago. */
const CHANGED_S = 1_700_000_000
const DATE = formatHttpDate(CHANGED_S * 1_000)
const EARLIER = formatHttpDate((CHANGED_S - 1) * 1_000)
const LATER = formatHttpDate((CHANGED_S + 1) * 1_000)

let folder: TemporaryFolder
let authority: CertificateAuthority
let nginx: RealServer
let nginxPort: number
let server: Server

beforeAll(async () => {
  folder = await temporaryFolder()
  authority = await makeCertificateAuthority()
  const root = join(folder.path, 'root')
  mkdirSync(root)
  for (const [name, text] of [
    ['a.txt', TEXT],
    ['empty.txt', ''],
  ] as const) {
    writeFileSync(join(root, name), text)
    utimesSync(join(root, name), CHANGED_S, CHANGED_S)
  }
  nginxPort = await freePort()
  nginx = await startNginx({
    certificate: await authority.issue(),
    blocks: `server { listen 127.0.0.1:${nginxPort}; root ${root}; }`,
  })
  server = await serve({ port: 0 }, files(root))
}, 60_000)
afterAll(async () => {
  await server.stop()
  await nginx.stop()
  await authority.close()
  await folder.remove()
})

type Fields = Readonly<Record<string, string>>

/** `$ETAG` is the tag that the server itself gave. */
async function askWith(port: number, target: string, fields: Fields, method: string): Promise<AskedAnswer> {
  const { etag = '' } = (await ask(port, target)).fields
  const filled = Object.entries(fields).map(([name, value]) => [name, value.replaceAll('$ETAG', etag)])
  return ask(port, target, Object.fromEntries(filled), method)
}

interface Row {
  readonly why: string
  readonly fields: Fields
  readonly status: number
  readonly body?: string
  /** What nginx says, where that is something else, and why ours is right. */
  readonly nginx?: readonly [status: number, why: string]
  readonly target?: string
  readonly method?: string
}

const conditions: readonly Row[] = [
  { why: 'If-Match with the tag', fields: { 'If-Match': '$ETAG' }, status: 200 },
  { why: 'If-Match with the tag among others', fields: { 'If-Match': '"x", $ETAG' }, status: 200 },
  { why: 'If-Match with any', fields: { 'If-Match': '*' }, status: 200 },
  { why: 'If-Match with another', fields: { 'If-Match': '"x"' }, status: 412 },
  { why: 'If-Match with the tag made weak', fields: { 'If-Match': 'W/$ETAG' }, status: 412 },
  { why: 'If-Match with no tag', fields: { 'If-Match': 'x' }, status: 412 },
  { why: 'If-Unmodified-Since, later', fields: { 'If-Unmodified-Since': LATER }, status: 200 },
  { why: 'If-Unmodified-Since, then', fields: { 'If-Unmodified-Since': DATE }, status: 200 },
  { why: 'If-Unmodified-Since, earlier', fields: { 'If-Unmodified-Since': EARLIER }, status: 412 },
  {
    why: 'If-Unmodified-Since, no date',
    fields: { 'If-Unmodified-Since': 'yesterday' },
    status: 200,
    nginx: [412, 'what is no date is ignored (13.1.4)'],
  },
  {
    why: 'If-Match goes before If-Unmodified-Since',
    fields: { 'If-Match': '$ETAG', 'If-Unmodified-Since': EARLIER },
    status: 200,
    nginx: [412, 'it looks at both, and RFC 9110, 13.2.2 at the first alone'],
  },
  { why: 'If-None-Match with the tag', fields: { 'If-None-Match': '$ETAG' }, status: 304 },
  { why: 'If-None-Match with the tag among others', fields: { 'If-None-Match': '"x" , $ETAG' }, status: 304 },
  { why: 'If-None-Match with the tag made weak', fields: { 'If-None-Match': 'W/$ETAG' }, status: 304 },
  { why: 'If-None-Match with any', fields: { 'If-None-Match': '*' }, status: 304 },
  { why: 'If-None-Match with another', fields: { 'If-None-Match': '"x"' }, status: 200 },
  { why: 'If-None-Match with a comma in a tag', fields: { 'If-None-Match': '"x,y", $ETAG' }, status: 304 },
  { why: 'If-Modified-Since, then', fields: { 'If-Modified-Since': DATE }, status: 304 },
  { why: 'If-Modified-Since, earlier', fields: { 'If-Modified-Since': EARLIER }, status: 200 },
  {
    why: 'If-Modified-Since, later',
    fields: { 'If-Modified-Since': LATER },
    status: 304,
    nginx: [200, 'it compares for equality unless told otherwise'],
  },
  { why: 'If-Modified-Since, no date', fields: { 'If-Modified-Since': 'yesterday' }, status: 200 },
  {
    why: 'If-Modified-Since in the form of RFC 850',
    fields: { 'If-Modified-Since': 'Tuesday, 14-Nov-23 22:13:20 GMT' },
    status: 304,
  },
  {
    why: 'If-Modified-Since in the form of asctime',
    fields: { 'If-Modified-Since': 'Tue Nov 14 22:13:20 2023' },
    status: 304,
  },
  {
    why: 'If-None-Match goes before If-Modified-Since',
    fields: { 'If-None-Match': '"x"', 'If-Modified-Since': DATE },
    status: 200,
  },
  {
    why: 'If-None-Match goes before If-Modified-Since, the other way',
    fields: { 'If-None-Match': '$ETAG', 'If-Modified-Since': EARLIER },
    status: 304,
    nginx: [200, 'it wants both to agree, and RFC 9110, 13.1.3 ignores the date'],
  },
  {
    why: 'If-Match goes before If-None-Match',
    fields: { 'If-Match': '"x"', 'If-None-Match': '$ETAG' },
    status: 412,
  },
  {
    why: 'a condition goes before a range',
    fields: { 'If-None-Match': '$ETAG', Range: 'bytes=0-1' },
    status: 304,
  },
  { why: 'HEAD and a condition', fields: { 'If-None-Match': '$ETAG' }, status: 304, method: 'HEAD' },
]

const ranges: readonly Row[] = [
  { why: 'the first byte', fields: { Range: 'bytes=0-0' }, status: 206, body: '0' },
  { why: 'some', fields: { Range: 'bytes=5-9' }, status: 206, body: '56789' },
  { why: 'to the end', fields: { Range: 'bytes=15-' }, status: 206, body: 'fghij' },
  { why: 'the last', fields: { Range: 'bytes=-3' }, status: 206, body: 'hij' },
  { why: 'more than there is', fields: { Range: 'bytes=15-999' }, status: 206, body: 'fghij' },
  { why: 'more of the last than there is', fields: { Range: 'bytes=-999' }, status: 206, body: TEXT },
  { why: 'all', fields: { Range: 'bytes=0-' }, status: 206, body: TEXT },
  {
    why: 'a number of thirty digits at the end',
    fields: { Range: `bytes=0-${'9'.repeat(30)}` },
    status: 206,
    body: TEXT,
    nginx: [416, 'a number that it cannot hold it takes for wrong'],
  },
  { why: 'behind the end', fields: { Range: 'bytes=20-' }, status: 416 },
  { why: 'far behind the end', fields: { Range: `bytes=${'9'.repeat(30)}-` }, status: 416 },
  { why: 'the last none', fields: { Range: 'bytes=-0' }, status: 416 },
  {
    why: 'backwards',
    fields: { Range: 'bytes=9-5' },
    status: 200,
    nginx: [416, 'what is no range is ignored (14.1.1)'],
  },
  { why: 'no numbers', fields: { Range: 'bytes=-' }, status: 200, nginx: [416, 'as above'] },
  { why: 'words', fields: { Range: 'bytes=a-b' }, status: 200, nginx: [416, 'as above'] },
  { why: 'nothing', fields: { Range: 'bytes=' }, status: 200 },
  { why: 'a sign', fields: { Range: 'bytes=+1-2' }, status: 200, nginx: [416, 'as above'] },
  { why: 'a hexadecimal number', fields: { Range: 'bytes=0x1-2' }, status: 200, nginx: [416, 'as above'] },
  { why: 'another unit', fields: { Range: 'lines=0-1' }, status: 200 },
  { why: 'a unit in large letters', fields: { Range: 'BYTES=0-1' }, status: 206, body: '01' },
  {
    why: 'one that can be given and one that cannot',
    fields: { Range: 'bytes=0-1,50-60' },
    status: 206,
    body: '01',
  },
  {
    why: 'empty elements',
    fields: { Range: 'bytes=,0-1,,' },
    status: 206,
    body: '01',
    nginx: [416, 'recipients skip empty elements (5.6.1.2)'],
  },
  { why: 'white space', fields: { Range: 'bytes= 0-1' }, status: 206, body: '01' },
  {
    why: 'the same twice',
    fields: { Range: 'bytes=0-1,0-1' },
    status: 200,
    nginx: [206, 'ranges that overlap need not be given (14.2)'],
  },
  {
    why: 'an empty file',
    fields: { Range: 'bytes=0-' },
    status: 200,
    target: '/empty.txt',
  },
  {
    why: 'If-Range with the tag',
    fields: { Range: 'bytes=0-1', 'If-Range': '$ETAG' },
    status: 206,
    body: '01',
  },
  { why: 'If-Range with another', fields: { Range: 'bytes=0-1', 'If-Range': '"x"' }, status: 200 },
  {
    why: 'If-Range with the tag made weak',
    fields: { Range: 'bytes=0-1', 'If-Range': 'W/$ETAG' },
    status: 200,
  },
  {
    why: 'If-Range with the date',
    fields: { Range: 'bytes=0-1', 'If-Range': DATE },
    status: 206,
    body: '01',
  },
  { why: 'If-Range with a later date', fields: { Range: 'bytes=0-1', 'If-Range': LATER }, status: 200 },
  { why: 'If-Range with an earlier date', fields: { Range: 'bytes=0-1', 'If-Range': EARLIER }, status: 200 },
  { why: 'If-Range with nonsense', fields: { Range: 'bytes=0-1', 'If-Range': 'x' }, status: 200 },
  { why: 'If-Range behind the end', fields: { Range: 'bytes=50-', 'If-Range': '"x"' }, status: 200 },
  {
    why: 'HEAD',
    fields: { Range: 'bytes=0-1' },
    status: 200,
    method: 'HEAD',
    nginx: [206, 'Range is for GET alone (14.2)'],
  },
]

describe.each([
  ['a condition', conditions],
  ['a range', ranges],
] as const)('%s', (_name, rows) => {
  test.each(rows)('$why: $status', async (row) => {
    const { fields, status, target = '/a.txt', method = 'GET', nginx: [itsStatus] = [status] } = row
    const ours = outcome(await askWith(server.port, target, fields, method))
    const its = outcome(await askWith(nginxPort, target, fields, method))
    const whole = target === '/a.txt' ? TEXT : ''
    const body = method === 'HEAD' || (status !== 200 && status !== 206) ? '' : (row.body ?? whole)
    expect(ours).toMatchObject({ status, body })
    expect(its.status).toBe(itsStatus)
    expect(itsStatus === status ? its : ours).toEqual(ours)
  })
})

/** What must be the same whoever answers. */
function outcome({ status, fields, body }: AskedAnswer) {
  return {
    status,
    // Words for an error are everybody's own.
    body: status < 300 ? body.toString() : '',
    range: fields['content-range'],
    modified: status < 400 ? fields['last-modified'] : undefined,
    hasTag: status < 400 && /^"[^"]+"$/.test(fields.etag ?? ''),
    length: status === 200 || status === 206 ? fields['content-length'] : undefined,
  }
}

describe('several ranges', () => {
  test('come as parts, in the order in which they were asked for', async () => {
    const { status, fields, body } = await ask(server.port, '/a.txt', { Range: 'bytes=10-12, 0-1,-1' })
    expect(status).toBe(206)
    expect(fields['content-range']).toBe(undefined)
    const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{36})$/.exec(
      fields['content-type'] ?? '',
    )?.[1]
    const part = (range: string, text: string): string =>
      `\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/20\r\n\r\n${text}`
    expect(body.toString()).toBe(
      `${part('10-12', 'abc')}${part('0-1', '01')}${part('19-19', 'j')}\r\n--${boundary}--\r\n`,
    )
    expect(Number(fields['content-length'])).toBe(body.length)
  })

  test('are the parts that nginx gives', async () => {
    const parts = async (port: number) => {
      const { fields, body } = await ask(port, '/a.txt', { Range: 'bytes=0-1,4-5' })
      const boundary = /boundary=(.*)$/.exec(fields['content-type'] ?? '')?.[1] ?? '?'
      return body
        .toString()
        .split(`--${boundary}`)
        .map((part) => part.replace(/Content-Type: .*\r\n/, ''))
    }
    expect(await parts(server.port)).toEqual(await parts(nginxPort))
  })

  test.each([
    ['seventeen of them', Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join(',')],
    ['two that overlap', '0-5,5-9'],
    ['two that overlap in another order', '5-9,0-5'],
    ['one that is in another', '0-19,3-4'],
    ['one that is nonsense', '0-1,x,4-5'],
  ])('%s: all of it', async (_why, specs) => {
    const { status, body } = await ask(server.port, '/a.txt', { Range: `bytes=${specs}` })
    expect([status, body.toString()]).toEqual([200, TEXT])
  })

  test('none of which is there: 416', async () => {
    const { status, fields } = await ask(server.port, '/a.txt', { Range: 'bytes=20-,-0' })
    expect([status, fields['content-range']]).toEqual([416, 'bytes */20'])
  })
})
