import { describe, expect, test } from 'vitest'
import { MAX_PROBLEMS, MAX_SEARCH_DOMAINS } from '../../src/system/limits.js'
import { parseResolvConf } from '../../src/system/resolv-conf.js'
import { readOptions } from '../../src/system/resolver-options.js'

describe('resolv.conf', () => {
  test('has the defaults of glibc when nothing is in it', () => {
    expect(parseResolvConf('')).toEqual({
      nameservers: ['127.0.0.1'],
      search: [],
      ndots: 1,
      timeoutMs: 5_000,
      attempts: 2,
      hasTimes: false,
      rotate: false,
      useTcp: false,
      edns0: false,
      trustAd: false,
      singleRequest: false,
      noTldQuery: false,
      noAaaa: false,
      noReload: false,
      problems: [],
    })
  })

  test('of a Kubernetes pod says what its kubelet meant', () => {
    const text =
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n'
    expect(parseResolvConf(text)).toMatchObject({
      nameservers: ['10.96.0.10'],
      search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    })
  })

  const servers: readonly (readonly [line: string, servers: readonly string[]])[] = [
    ['nameserver 192.0.2.1', ['192.0.2.1']],
    ['nameserver\t192.0.2.1 ; the near one', ['192.0.2.1']],
    ['nameserver 127.1', ['127.0.0.1']],
    ['nameserver 2001:DB8:0::1', ['2001:db8::1']],
    ['nameserver fe80::1%eth0', ['fe80::1%eth0']],
    ['nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r', ['192.0.2.1', '192.0.2.2']],
    [' nameserver 192.0.2.1', ['127.0.0.1']],
    ['NAMESERVER 192.0.2.1', ['127.0.0.1']],
    ['nameserver192.0.2.1', ['127.0.0.1']],
    ['nameserver dns.example', ['127.0.0.1']],
    ['nameserver', ['127.0.0.1']],
    ['#nameserver 192.0.2.1', ['127.0.0.1']],
    ['nameserver 192.0.2.1\n'.repeat(4), ['192.0.2.1', '192.0.2.1', '192.0.2.1']],
  ]
  test.each(servers)('%j means the servers %j', (text, expected) => {
    expect(parseResolvConf(text).nameservers).toEqual(expected)
  })

  const searches: readonly (readonly [text: string, search: readonly string[]])[] = [
    ['search a.example b.example', ['a.example', 'b.example']],
    ['search a.example\nsearch b.example', ['b.example']],
    ['search a.example\ndomain b.example c.example', ['b.example']],
    ['domain b.example\nsearch a.example', ['a.example']],
    ['search a.example\nsearch', ['a.example']],
    ['search a.example\nsearch ', ['a.example']],
    ['search .', ['.']],
    ['search .a.example. b.example.', ['a.example', 'b.example']],
  ]
  test.each(searches)('%j means the search list %j', (text, expected) => {
    expect(parseResolvConf(text).search).toEqual(expected)
  })

  test('without a search list searches the domain of the machine', () => {
    expect(parseResolvConf('', { hostname: 'host.corp.example' }).search).toEqual(['corp.example'])
    expect(parseResolvConf('', { hostname: 'host' }).search).toEqual([])
    expect(parseResolvConf('search a.example', { hostname: 'host.corp.example' }).search).toEqual([
      'a.example',
    ])
  })

  test('gives way to LOCALDOMAIN and RES_OPTIONS', () => {
    const conf = parseResolvConf('search a.example\noptions ndots:3 rotate', {
      localDomain: 'x.example y.example',
      options: 'ndots:2 use-vc',
    })
    expect(conf).toMatchObject({
      search: ['x.example', 'y.example'],
      ndots: 2,
      rotate: true,
      useTcp: true,
    })
  })

  test('keeps no more search domains than its limit, and says so', () => {
    const domains = Array.from({ length: MAX_SEARCH_DOMAINS + 1 }, (_, i) => `d${i}.example`)
    const { search, problems } = parseResolvConf(`search ${domains.join(' ')}`)
    expect(search).toEqual(domains.slice(0, MAX_SEARCH_DOMAINS))
    expect(problems).toEqual([`line 1: more than ${MAX_SEARCH_DOMAINS} search domains`])
  })

  test('tells the line of a mistake, and only the first mistakes', () => {
    const { problems } = parseResolvConf('# fine\n\nnameserver x\nwhat\n; fine')
    expect(problems).toEqual(['line 3: the name server is no address', 'line 4: not understood'])
    expect(parseResolvConf('x\n'.repeat(1_000)).problems).toHaveLength(MAX_PROBLEMS)
  })
})

describe('the options of resolv.conf', () => {
  const rows: readonly (readonly [options: string, facts: object])[] = [
    ['ndots:16', { ndots: 15 }],
    ['ndots:0', { ndots: 0 }],
    ['ndots:x', { ndots: 0 }],
    ['ndots:2 ndots:4', { ndots: 4 }],
    ['timeout:1', { timeoutMs: 1_000, hasTimes: true }],
    ['timeout:0', { timeoutMs: 1_000 }],
    ['timeout:999', { timeoutMs: 30_000 }],
    ['attempts:9', { attempts: 5, hasTimes: true }],
    ['attempts:0', { attempts: 1 }],
    ['rotate edns0 trust-ad', { rotate: true, edns0: true, trustAd: true }],
    ['single-request', { singleRequest: true }],
    ['single-request-reopen', { singleRequest: false }],
    ['no_tld_query', { noTldQuery: true }],
    ['no-aaaa no-reload', { noAaaa: true, noReload: true }],
    ['inet6 debug something-new', { ndots: 1, rotate: false }],
  ]
  test.each(rows)('%s is %j', (options, facts) => {
    expect(readOptions(options.split(' '))).toMatchObject(facts)
  })
})
