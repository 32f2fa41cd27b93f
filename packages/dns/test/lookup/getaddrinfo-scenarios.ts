/** What a machine's files and servers may say, and what is asked of it: for our lookup and the system's getaddrinfo alike. */

/** A family of `reverse` asks for the name of an address. */
export type Question = readonly [host: string, family: 0 | 4 | 6 | 'reverse']

export interface Scenario {
  readonly why: string
  readonly resolvConf: string
  readonly hosts: string
  readonly nsswitch?: string
  /** `name type` to addresses, or to how the server fails. */
  readonly table: Readonly<Record<string, readonly string[] | 'SERVFAIL' | 'REFUSED'>>
  readonly questions: readonly Question[]
}

const server = 'nameserver 127.0.0.1\noptions timeout:5 attempts:1\n'
const hosts = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n'

function all(...names: readonly string[]): Question[] {
  return names.flatMap(
    (name) =>
      [
        [name, 0],
        [name, 4],
        [name, 6],
      ] satisfies Question[],
  )
}

const both = (name: string, four: string, six: string): Scenario['table'] => ({
  [`${name} A`]: [four],
  [`${name} AAAA`]: [six],
})

const refused = (name: string): Scenario['table'] => ({
  [`${name} A`]: 'REFUSED',
  [`${name} AAAA`]: 'REFUSED',
})

export const SCENARIOS: readonly Scenario[] = [
  {
    why: 'literals',
    resolvConf: server,
    hosts,
    table: {},
    questions: [
      ...all('127.1', '0x7f.0.0.1', '017700000001', '2130706433', '0', '1.2.65535'),
      // Node takes these for themselves, without getaddrinfo, whatever the family.
      ...['192.0.2.1', '::1', '2001:db8::1'].map((host): Question => [host, 0]),
      // Asked for IPv4 alone, glibc does not ask for a name of digits and dots.
      ...all(
        '256.0.0.1',
        '1.2.3.4.5',
        '08.0.0.1',
        '0x',
        '4294967296',
        '1.2.3.4.',
        '1.65536.1',
        '0x1g',
      ).filter(([, family]) => family !== 4),
    ],
  },
  {
    why: 'names that are none',
    resolvConf: server,
    hosts,
    table: {},
    questions: all('a..b', '.a', `${'x'.repeat(64)}.example`, `${'x.'.repeat(127)}x`, 'fe80::1%', '::1::'),
  },
  {
    why: 'the hosts file',
    resolvConf: `${server}search corp.example\n`,
    hosts: `${hosts}# 192.0.2.9 commented\n192.0.2.20 one.example one # two\n\t2001:DB8::20 One.Example\n192.0.2.256 wrong\n192.0.2.21 one\n::1 six\n::ffff:192.0.2.22 mapped\nfe80::9%lo zoned\n192.0.2.23\n192.0.2.24 last`,
    table: {
      ...both('one.corp.example', '192.0.2.99', '2001:db8::99'),
      ...both('last', '192.0.2.98', '2001:db8::98'),
    },
    questions: all(
      'localhost',
      'one',
      'ONE.EXAMPLE',
      'one.example.',
      'two',
      'six',
      'commented',
      'wrong',
      'mapped',
      'zoned',
      'last',
      'ip6-localhost',
    ),
  },
  {
    why: 'ndots of 1',
    resolvConf: `${server}search a.example b.example\n`,
    hosts,
    table: {
      ...both('x.b.example', '192.0.2.30', '2001:db8::30'),
      ...both('y.z', '192.0.2.31', '2001:db8::31'),
      'six.a.example AAAA': ['2001:db8::32'],
      'six.b.example A': ['192.0.2.32'],
      'top A': ['192.0.2.33'],
    },
    questions: all('x', 'x.', 'X', 'y.z', 'y.z.', 'six', 'top', 'none', 'none.at.all', 'x.b', 'x.b.example'),
  },
  {
    why: 'Kubernetes',
    resolvConf:
      'nameserver 127.0.0.1\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:5 attempts:1\n',
    hosts,
    table: {
      'db.ns.svc.cluster.local A': ['10.96.0.1'],
      'web.other.svc.cluster.local A': ['10.96.0.2'],
      'www.example.com A': ['192.0.2.40'],
      'a.b.c.d.e.f A': ['192.0.2.41'],
    },
    questions: all(
      'db',
      'web.other',
      'web.other.svc',
      'web.other.svc.cluster.local',
      'www.example.com',
      'www.example.com.',
      'a.b.c.d.e.f',
      'gone',
    ),
  },
  {
    why: 'other forms of resolv.conf',
    resolvConf:
      '; comment\n# comment\nsearch first.example\ndomain .second.example ignored\nnameserver 127.1\n nameserver 192.0.2.77\noptions ndots:0 timeout:1\noptions attempts:1 unknown\n',
    hosts,
    table: { 'x.second.example A': ['192.0.2.50'] },
    questions: all('x', 'x.y'),
  },
  {
    why: 'a root in the search list',
    resolvConf: `${server}search a.example . b.example\noptions ndots:2\n`,
    hosts,
    table: { 'x.b.example A': ['192.0.2.60'], 'y A': ['192.0.2.61'], 'y.b.example A': ['192.0.2.62'] },
    questions: all('x', 'y', 'z.z'),
  },
  {
    why: 'no_tld_query',
    resolvConf: `${server}search a.example\noptions no_tld_query ndots:2\n`,
    hosts,
    table: { 'x A': ['192.0.2.65'] },
    questions: all('x', 'x.y'),
  },
  {
    why: 'no search list',
    resolvConf: `${server}search .\n`,
    hosts,
    table: { 'x A': ['192.0.2.66'] },
    questions: all('x', 'y', 'x.y'),
  },
  {
    why: 'server failures',
    resolvConf: `${server}search a.example b.example\n`,
    hosts,
    table: {
      'x.a.example A': 'SERVFAIL',
      'x.a.example AAAA': 'SERVFAIL',
      'x.b.example A': ['192.0.2.70'],
      'y.a.example A': 'SERVFAIL',
      'y.a.example AAAA': 'SERVFAIL',
      'four A': ['192.0.2.71'],
      'four AAAA': 'SERVFAIL',
      'six A': 'SERVFAIL',
      'six AAAA': ['2001:db8::71'],
      'whole.example A': 'SERVFAIL',
      'whole.example AAAA': 'SERVFAIL',
    },
    questions: [
      ['x', 0],
      ['x', 4],
      ['whole.example', 0],
      ['whole.example', 6],
      ['y', 0],
      ['four.', 0],
      ['six.', 0],
      ['six.', 4],
    ],
  },
  {
    why: 'servers that refuse',
    resolvConf: `${server}search a.example b.example\n`,
    hosts,
    table: {
      ...refused('y.a.example'),
      'y A': ['192.0.2.76'],
      ...refused('as.is'),
      'as.is.b.example A': ['192.0.2.77'],
    },
    questions: ['y', 'as.is'].flatMap((name): Question[] => [
      [name, 0],
      [name, 4],
    ]),
  },
  {
    why: 'other sources',
    resolvConf: server,
    hosts: `${hosts}192.0.2.80 one\n192.0.2.82 filed`,
    nsswitch: 'hosts: dns [NOTFOUND=return] files\n',
    table: { 'one A': ['192.0.2.81'] },
    questions: all('one', 'filed'),
  },
  {
    why: 'the hosts file last',
    resolvConf: server,
    hosts: `${hosts}192.0.2.80 one\n192.0.2.82 filed`,
    nsswitch: 'hosts: dns files\n',
    table: { 'one A': ['192.0.2.81'] },
    questions: all('one', 'filed', 'other'),
  },
  {
    why: 'the hosts file alone',
    resolvConf: server,
    hosts: `${hosts}192.0.2.80 one`,
    nsswitch: 'hosts: files\n',
    table: { 'other A': ['192.0.2.81'] },
    questions: all('one', 'other', '127.1'),
  },
  {
    why: 'a final hosts file',
    resolvConf: server,
    hosts: `${hosts}192.0.2.80 one`,
    nsswitch: 'hosts: files [NOTFOUND=return] dns\n',
    table: { 'other A': ['192.0.2.81'] },
    questions: all('one', 'other'),
  },
  {
    why: 'the order of addresses',
    resolvConf: server,
    hosts,
    table: {
      ...both('two.example', '198.51.100.1', '2001:db8:1::1'),
      'near.example A': ['198.51.100.1', '192.0.2.9', '203.0.113.1'],
      'turns.example A': ['203.0.113.9', '198.51.100.1', '203.0.113.1'],
      'loop.example A': ['198.51.100.1', '127.0.0.5'],
      'scopes.example AAAA': ['2001:db8:1::1', '::1', '2001:db8::5'],
      'sixtofour.example A': ['198.51.100.1'],
      'sixtofour.example AAAA': ['2002:c633:6401::1', '2001:db8:2::1'],
      'mixed.example A': ['127.0.0.1', '198.51.100.1', '192.0.2.9'],
      'mixed.example AAAA': ['::1', '2001:db8::9'],
    },
    questions: all(
      'two.example',
      'near.example',
      'turns.example',
      'loop.example',
      'scopes.example',
      'sixtofour.example',
      'mixed.example',
    ),
  },
]

const reversed = (...addresses: readonly string[]): Question[] =>
  addresses.map((address) => [address, 'reverse'])

/** The same for getnameinfo and `reverse`, of which the first name is compared. */
export const REVERSE_SCENARIOS: readonly Scenario[] = [
  {
    why: 'the names of addresses',
    resolvConf: server,
    hosts: `${hosts}192.0.2.20 one.example one\n2001:db8::20 six.example\n::ffff:192.0.2.22 mapped\n`,
    table: {
      '30.2.0.192.in-addr.arpa PTR': ['name.example'],
      '20.2.0.192.in-addr.arpa PTR': ['other.example'],
      '31.2.0.192.in-addr.arpa PTR': ['a b'],
      '0.3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR': ['name6.example'],
    },
    questions: reversed(
      '127.0.0.1',
      '::1',
      '192.0.2.20',
      '192.0.2.30',
      '192.0.2.31',
      '192.0.2.99',
      '2001:db8::20',
      '2001:db8::30',
      '2001:db8::99',
    ),
  },
  {
    why: 'the names of addresses, without the hosts file',
    resolvConf: server,
    hosts: `${hosts}192.0.2.20 one.example`,
    nsswitch: 'hosts: dns\n',
    table: { '20.2.0.192.in-addr.arpa PTR': ['other.example'] },
    questions: reversed('192.0.2.20', '192.0.2.21'),
  },
]

/** Where we do otherwise, and why; what glibc 2.36 says is in `theirs`. A later one may have come round. */
export interface Difference {
  readonly why: string
  readonly scenario: Scenario
  readonly theirs: string
  readonly ours: string
}

const unlike = (host: string, family: 0 | 4 | 6, table: Scenario['table'], search = ''): Scenario => ({
  why: host,
  resolvConf: `${server}${search}`,
  hosts,
  table,
  questions: [[host, family]],
})

export const DIFFERENCES: readonly Difference[] = [
  {
    why: 'a failure that may pass is never called a name that does not exist',
    scenario: unlike(
      'x',
      6,
      { 'x.a.example AAAA': 'SERVFAIL', 'x.b.example A': ['192.0.2.70'] },
      'search a.example b.example\n',
    ),
    theirs: 'ENOTFOUND',
    ours: 'EAI_AGAIN',
  },
  {
    why: 'nor is a search that a refusal has ended',
    scenario: unlike(
      'x',
      4,
      { ...refused('x.a.example'), 'x.b.example A': ['192.0.2.75'] },
      'search a.example b.example\n',
    ),
    theirs: 'ENOTFOUND',
    ours: 'EAI_AGAIN',
  },
  {
    why: 'private IPv6 comes behind IPv4 and global IPv6 (RFC 6724; glibc has the table of RFC 3484)',
    scenario: unlike('ula.example', 0, {
      'ula.example A': ['198.51.100.1'],
      'ula.example AAAA': ['fd00::5'],
    }),
    theirs: 'fd00::5 198.51.100.1',
    ours: '198.51.100.1 fd00::5',
  },
  {
    why: 'localhost and all below it are loopback (RFC 6761)',
    scenario: unlike('a.localhost', 0, { 'a.localhost A': ['192.0.2.70'] }),
    theirs: '192.0.2.70',
    ours: '::1 127.0.0.1',
  },
  {
    why: 'names of onion services are not told to servers (RFC 7686)',
    scenario: unlike('a.onion', 0, { 'a.onion A': ['192.0.2.70'] }),
    theirs: '192.0.2.70',
    ours: 'ENOTFOUND',
  },
  {
    why: 'nothing below .invalid exists (RFC 6761)',
    scenario: unlike('a.invalid', 0, { 'a.invalid A': ['192.0.2.70'] }),
    theirs: '192.0.2.70',
    ours: 'ENOTFOUND',
  },
]
