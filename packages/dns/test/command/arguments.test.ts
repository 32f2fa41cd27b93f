import { describe, expect, test } from 'vitest'
import { parseCommandLine, type Settings } from '../../src/command/arguments.js'
import { parseServer } from '../../src/command/server-point.js'
import { UsageError } from '../../src/command/usage-error.js'

function settings(...args: string[]): Settings {
  const wish = parseCommandLine(args)
  if (wish.wants !== 'answer') throw new Error(`it wants ${wish.wants}`)
  return wish.settings
}

describe('the command line', () => {
  test('a name alone is asked for its addresses, by UDP, of the system’s servers', () => {
    expect(settings('example.com')).toEqual({
      question: { name: 'example.com', type: 'A', class: 'IN' },
      servers: [],
      defaults: { transport: 'udp', port: undefined },
      tlsName: undefined,
      tlsCaFile: undefined,
      recursionDesired: true,
      dnssecOk: false,
      isTrace: false,
      timeoutMs: 5_000,
      form: 'long',
    })
  })

  test.each([
    [['example.com.', 'mx'], { name: 'example.com', type: 'MX', class: 'IN' }],
    [['.', 'ns'], { name: '.', type: 'NS', class: 'IN' }],
    [['bücher.example', 'TYPE257'], { name: 'xn--bcher-kva.example', type: 'CAA', class: 'IN' }],
    [['version.bind', 'TXT', '--class', 'ch'], { name: 'version.bind', type: 'TXT', class: 'CH' }],
    [['-x', '192.0.2.1'], { name: '1.2.0.192.in-addr.arpa', type: 'PTR', class: 'IN' }],
    [
      ['-x', '2001:db8::1', 'NS'],
      { name: `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, type: 'NS', class: 'IN' },
    ],
    [['example.com', 'any'], { name: 'example.com', type: 'ANY', class: 'IN' }],
  ])('%j asks for %j', (args, question) => {
    expect(settings(...args).question).toEqual(question)
  })

  test('--trace asks for no recursion and has more time', () => {
    expect(settings('a', '--trace')).toMatchObject({
      isTrace: true,
      recursionDesired: false,
      timeoutMs: 30_000,
    })
    expect(settings('a', '--trace', '--timeout', '7')).toMatchObject({ timeoutMs: 7 })
  })

  test('servers come from --server and @, in order', () => {
    const { servers } = settings(
      '@192.0.2.3',
      'a',
      '--server',
      '192.0.2.1',
      '-s',
      'tls://192.0.2.2#dns.test',
      '-p',
      '5353',
    )
    expect(servers).toEqual([
      { host: '192.0.2.1', port: 5353, transport: 'udp', tlsName: undefined },
      { host: '192.0.2.2', port: 5353, transport: 'tls', tlsName: 'dns.test' },
      { host: '192.0.2.3', port: 5353, transport: 'udp', tlsName: undefined },
    ])
  })

  test.each([
    [[], 'which name'],
    [['-x'], 'which address'],
    [['a', 'MX', 'b'], 'no more'],
    [['a', 'MXX'], 'MXX'],
    [['a', 'OPT'], 'OPT'],
    [['a..b'], 'a..b'],
    [[`${'a'.repeat(64)}.test`], 'name'],
    [['-x', '192.0.2'], '192.0.2'],
    [['a', '--class', 'XX'], 'XX'],
    [['a', '--port', '0'], '65535'],
    [['a', '--port', '70000'], '65535'],
    [['a', '--timeout', 'soon'], 'milliseconds'],
    [['a', '--timeout', '0'], 'milliseconds'],
    [['a', '--tcp', '--tls'], 'exclude'],
    [['a', '--json', '--short'], 'exclude'],
    [['a', '--unknown'], '--unknown'],
    [['a', '--server', ''], 'no server'],
    [['a', '--server', 'https://192.0.2.1'], 'tls://'],
    [['a', '--server', '192.0.2.1#name'], 'no port'],
    [['a', '--server', '192.0.2.1#70000'], '65535'],
  ])('%j is refused in words', (args, words) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError)
    expect(() => parseCommandLine(args)).toThrow(words)
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1', 53, undefined],
  ['192.0.2.1#5353', '192.0.2.1', 5353, undefined],
  ['192.0.2.1:5353', '192.0.2.1', 5353, undefined],
  ['2001:db8::1', '2001:db8::1', 53, undefined],
  ['2001:db8::1#5353', '2001:db8::1', 5353, undefined],
  ['[2001:db8::1]:5353', '2001:db8::1', 5353, undefined],
  ['[2001:db8::1]', '2001:db8::1', 53, undefined],
  ['dns.test', 'dns.test', 53, undefined],
  ['TCP://dns.test:5353', 'dns.test', 5353, undefined],
  ['tls://dns.test', 'dns.test', 853, undefined],
  ['tls://192.0.2.1:8853#dns.test', '192.0.2.1', 8853, 'dns.test'],
])('the server %s is %s, port %i', (text, host, port, tlsName) => {
  expect(parseServer(text, { transport: 'udp', port: undefined })).toMatchObject({ host, port, tlsName })
})
