import { expect, test } from 'vitest'
import { parseHosts } from '../../src/system/hosts-file.js'
import { MAX_HOSTS_LINES, MAX_NAMES_PER_LINE } from '../../src/system/limits.js'

const addresses = (text: string, name: string): string[] =>
  parseHosts(text)
    .named(name)
    .map(({ address }) => address)

test('a name has the addresses of all lines it is on, in their order', () => {
  const text = '192.0.2.2 a b\n# 192.0.2.9 a\n2001:DB8::1\ta # comment\n 192.0.2.1 c a\n'
  expect(addresses(text, 'a')).toEqual(['192.0.2.2', '2001:db8::1', '192.0.2.1'])
  expect(addresses(text, 'b')).toEqual(['192.0.2.2'])
  expect(addresses(text, 'comment')).toEqual([])
})

test('names are compared without case and keep theirs', () => {
  const hosts = parseHosts('192.0.2.1 Alpha.Example alpha')
  expect(hosts.named('ALPHA.example')[0]?.names).toEqual(['Alpha.Example', 'alpha'])
  expect(hosts.named('alpha.example.')).toEqual([])
})

test('an address has its lines, whichever way it is written', () => {
  const hosts = parseHosts('::ffff:192.0.2.1 a\n192.0.2.1 b\n2001:db8:0:0::1 c\n')
  expect(hosts.withAddress('192.0.2.1').map(({ names }) => names[0])).toEqual(['a', 'b'])
  expect(hosts.withAddress('2001:db8::1').map(({ names }) => names[0])).toEqual(['c'])
})

const mistakes: readonly (readonly [line: string, problem: string])[] = [
  ['192.0.2.256 a', 'not an address'],
  ['127.1 a', 'not an address'],
  ['fe80::1%eth0 a', 'not an address'],
  ['192.0.2.1', 'an address without a name'],
]
test.each(mistakes)('the line %j is left out: %s', (line, problem) => {
  const hosts = parseHosts(`${line}\n192.0.2.7 b`)
  expect(hosts.named('a')).toEqual([])
  expect(hosts.named('b')).toHaveLength(1)
  expect(hosts.problems).toEqual([`line 1: ${problem}`])
})

test('words that mean something to JavaScript are names like others', () => {
  expect(addresses('192.0.2.1 constructor __proto__', '__proto__')).toEqual(['192.0.2.1'])
  expect(addresses('192.0.2.1 a', 'constructor')).toEqual([])
})

test('names and lines past their limits are left out, and that is said', () => {
  const names = Array.from({ length: MAX_NAMES_PER_LINE + 1 }, (_, i) => `n${i}`)
  const wide = parseHosts(`192.0.2.1 ${names.join(' ')}`)
  expect(wide.named(`n${MAX_NAMES_PER_LINE - 1}`)).toHaveLength(1)
  expect(wide.named(`n${MAX_NAMES_PER_LINE}`)).toEqual([])
  expect(wide.problems).toHaveLength(1)
  const long = parseHosts(`${'0.0.0.0 a\n'.repeat(MAX_HOSTS_LINES)}192.0.2.1 last`)
  expect(long.named('last')).toEqual([])
  expect(long.problems[0]).toContain(`more than ${MAX_HOSTS_LINES} addresses`)
})
