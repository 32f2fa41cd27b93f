import { describe, expect, test } from 'vitest'
import { HttpError, HttpHeaders } from '../src/index.js'

const WIRE = 'Host: a\r\nX-Two:\t 1 \r\nx-two: 2\r\nEmpty:\r\n\r\n'

describe('headers', () => {
  test('that came are the same as those made by hand', () => {
    const made = new HttpHeaders([
      ['Host', 'a'],
      ['X-Two', '\t 1 '],
      ['x-two', '2'],
      ['Empty', ''],
    ])
    expect([...HttpHeaders.fromWire(WIRE, 0)]).toEqual([...made])
    expect([...HttpHeaders.fromWire(`GET / HTTP/1.1\r\n${WIRE}`, 16)]).toEqual([...made])
    expect(HttpHeaders.fromWire('\r\n', 0).size).toBe(0)
  })
  test('that came are found where they are, as when they are taken apart', () => {
    const wire = `${WIRE.slice(0, -2)}a: b:c\r\nA[B: 1\r\nx-y^z: 2\r\n\r\n`
    const names = [
      'host',
      'HOST',
      'x-TWO',
      'empty',
      'none',
      'a',
      'a:b',
      'A: b',
      '',
      'a{b',
      'a[b',
      'x-y~z',
      'X-Y^Z',
      ' 1 ',
    ]
    const taken = HttpHeaders.fromWire(wire, 0)
    expect(taken.size).toBe(7)
    for (const name of names)
      expect([name, HttpHeaders.fromWire(wire, 0).get(name)]).toEqual([name, taken.get(name)])
    expect(HttpHeaders.fromWire(wire, 0).get('x-two')).toBe('1, 2')
    expect(HttpHeaders.fromWire('\r\n', 0).get('a')).toBeUndefined()
  })
  test('that came can be changed', () => {
    const headers = HttpHeaders.fromWire(WIRE, 0)
    headers.set('X-TWO', '3')
    headers.append('set-cookie', 'a=b')
    expect(headers.delete('host')).toBe(true)
    expect(headers.delete('host')).toBe(false)
    expect([...headers]).toEqual([
      ['Empty', ''],
      ['X-TWO', '3'],
      ['set-cookie', 'a=b'],
    ])
    expect([headers.size, headers.has('EMPTY'), headers.get('x-two'), headers.getAll('none')]).toEqual([
      3,
      true,
      '3',
      [],
    ])
  })
  test('are made of a record, with lists and without what is undefined', () => {
    const headers = new HttpHeaders({ a: 1, b: ['x', 'y'], c: undefined })
    expect([...headers]).toEqual([
      ['a', '1'],
      ['b', 'x'],
      ['b', 'y'],
    ])
    expect(headers.get('B')).toBe('x, y')
  })
  test.each(['a\r\nb', 'a\nb', 'a\0', '\u0100'])('refuse %j as a value', (value) => {
    expect(() => new HttpHeaders({ a: value })).toThrow(HttpError)
  })
  test.each(['', 'a b', 'a:', 'a\r\n', 'ä'])('refuse %j as a name', (name) => {
    expect(() => new HttpHeaders({ [name]: 'a' })).toThrow(expect.objectContaining({ code: 'HTTP_HEADER' }))
  })
})
