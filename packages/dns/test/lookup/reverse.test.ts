import { expect, test } from 'vitest'
import { reverse } from '../../src/lookup/reverse.js'
import { type Script, scriptedParts } from './scripted-parts.js'

const ptr = (...targets: string[]): readonly unknown[] => targets.map((target) => ({ target }))
const table: Script['table'] = {
  '1.2.0.192.in-addr.arpa PTR': ptr('one.example', 'other.example', 'one.example'),
  '2.2.0.192.in-addr.arpa PTR': 'ESERVFAIL',
  '3.2.0.192.in-addr.arpa PTR': ptr('a\\000b', 'two words', '-rf', '.'),
  '4.2.0.192.in-addr.arpa PTR': 'slow',
  'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR': ptr('six.example'),
}

const rows: readonly (readonly [
  why: string,
  address: string,
  script: Script,
  names: readonly string[],
  asked: number,
])[] = [
  ['PTR records give the names, each once', '192.0.2.1', {}, ['one.example', 'other.example'], 1],
  ['an IPv4 address in IPv6 is the IPv4 one', '::ffff:192.0.2.1', {}, ['one.example', 'other.example'], 1],
  ['IPv6 too', '2001:db8::567:89ab%eth0', {}, ['six.example'], 1],
  [
    'the hosts file comes first',
    '192.0.2.1',
    { hosts: '192.0.2.1 h.example h\n192.0.2.1 h i' },
    ['h.example', 'h', 'i'],
    0,
  ],
  ['however the address is written there', '2001:db8:0::1%eth0', { hosts: '2001:DB8::0:1 h' }, ['h'], 0],
  ['loopback is localhost without a question', '127.0.0.1', {}, ['localhost'], 0],
  ['loopback of IPv6 too', '::1', { nsswitch: 'hosts: dns' }, ['localhost'], 0],
  ['loopback is what the hosts file says', '127.0.0.1', { hosts: '127.0.0.1 me.example' }, ['me.example'], 0],
  [
    'the hosts file comes last when nsswitch.conf says',
    '192.0.2.9',
    { nsswitch: 'hosts: dns files', hosts: '192.0.2.9 h' },
    ['h'],
    1,
  ],
]
test.each(rows)('%s', async (_, address, script, names, asked) => {
  const parts = scriptedParts({ ...script, table })
  expect(await reverse(parts, address)).toEqual(names)
  expect(parts.asked).toHaveLength(asked)
})

const failures: readonly (readonly [why: string, address: string, script: Script, code: string])[] = [
  ['no name', '192.0.2.9', {}, 'ENOTFOUND'],
  ['no name in the hosts file alone', '192.0.2.1', { nsswitch: 'hosts: files' }, 'ENOTFOUND'],
  ['names that no host can have', '192.0.2.3', {}, 'ENOTFOUND'],
  ['a server that failed', '192.0.2.2', {}, 'EAI_AGAIN'],
  ['a server that is too slow', '192.0.2.4', { rules: { lookupTimeoutMs: 5 } }, 'EAI_AGAIN'],
]
test.each(failures)('%s', async (_, address, script, code) => {
  const parts = scriptedParts({ ...script, table })
  await expect(reverse(parts, address)).rejects.toMatchObject({ code, hostname: address })
  expect([...parts.pending]).toEqual([])
})

test('what is no address is a mistake of the program', async () => {
  await expect(reverse(scriptedParts(), 'one.example')).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  await expect(reverse(scriptedParts(), 1 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  await expect(reverse(scriptedParts(), '::1', { timeout: 1 } as never)).rejects.toMatchObject({
    code: 'ERR_UNKNOWN_OPTION',
  })
})
