import { describe, expect, test } from 'vitest'
import { HttpHeaders } from '../src/headers.js'
import { DEFAULT_HEAD_LIMITS, RequestHead } from '../src/wire/index.js'

const LONG = `X-Long: ${'l'.repeat(300)}\r\n`

/** What is said of a field with that value, in a head that is short or long. */
function verdict(value: Buffer, rest: string): string {
  const before = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nX: ')
  const bytes = Buffer.concat([before, value, Buffer.from(`\r\n${rest}\r\n`)])
  const head = new RequestHead()
  try {
    if (!head.parse(bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS)) return 'incomplete'
  } catch (error) {
    return String(error)
  }
  const text = bytes.toString('latin1', 0, head.to)
  return `${HttpHeaders.fromWire(text, head.fieldsFrom, head.table, head.table.serial).get('x')}`
}

function parsed(head: RequestHead, text: string): HttpHeaders {
  const bytes = Buffer.from(text, 'latin1')
  expect(head.parse(bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS)).toBe(true)
  return HttpHeaders.fromWire(text, head.fieldsFrom, head.table, head.table.serial)
}

describe('the fields of a head', () => {
  test('are refused or taken byte for byte in long heads as in short ones, wherever a byte stands', () => {
    const differences: unknown[] = []
    for (const around of [0x20, 0x61, 0x7e, 0x80, 0xff])
      for (let byte = 0; byte < 256; byte++)
        for (let at = 0; at < 18; at++) {
          const value = Buffer.alloc(18, around)
          value[at] = byte
          const [short, long] = [verdict(value, ''), verdict(value, LONG)]
          if (short !== long) differences.push({ around, byte, at, short, long })
        }
    expect(differences).toEqual([])
    expect(verdict(Buffer.from('a\x7fb'), LONG)).not.toBe(verdict(Buffer.from('a~b'), LONG))
  })
  test('are found where the parser saw them, and as well after it has seen another head', () => {
    const head = new RequestHead()
    const first = parsed(head, `\r\nGET /one HTTP/1.1\r\nhost: one\r\nX-A: \t 1 \r\n${LONG}x-a: 2\r\n\r\n`)
    const kept = parsed(head, `GET /one HTTP/1.1\r\nhost: one\r\nX-A: \t 1 \r\n${LONG}x-a: 2\r\n\r\n`)
    expect(kept.get('x-a')).toBe('1, 2')
    const second = parsed(head, 'GET /two HTTP/1.1\r\nX-A: 3\r\nHost: two\r\n\r\n')
    expect([first.get('X-a'), first.get('host'), first.get('x-long')?.length]).toEqual(['1, 2', 'one', 300])
    expect([kept.get('X-a'), kept.get('HOST'), kept.size]).toEqual(['1, 2', 'one', 4])
    expect([second.get('x-a'), second.get('host'), second.get('x-long')]).toEqual(['3', 'two', undefined])
    expect(() => head.parse(Buffer.from('GET / HTTP/1.1\r\nHost: \0'), 0, 23, DEFAULT_HEAD_LIMITS)).toThrow()
    expect(second.get('host')).toBe('two')
  })
  test('are not found by the beginning of a longer name, however much longer that is', () => {
    const name = `h${'o'.repeat(65_536)}ost`
    const headers = HttpHeaders.fromWire(`Host: a\r\n${name}: b\r\n\r\n`, 0)
    expect(headers.get('host')).toBe('a')
    const other = HttpHeaders.fromWire(`host${'-'.repeat(65_535)}t: b\r\n\r\n`, 0)
    expect(other.get('host')).toBeUndefined()
  })
})
