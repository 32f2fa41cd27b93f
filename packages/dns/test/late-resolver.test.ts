/** Whose time is over first, a resolver's or that of its servers, and that either way one learns how each server did. */
import { UdpSocket } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { Servers } from '../src/exchange/servers.js'
import { Resolver } from '../src/resolver.js'
import { LyingServer, refusal } from './exchange/lying-server.js'

test.each([
  ['the resolver', 40, 10_000, undefined],
  ['the servers', 10_000, 40, undefined],
  ['neither', 40, 40, undefined],
  ['the caller', 10_000, 10_000, 40],
])('with %s first, a silent server is named', async (_, resolverMs, serversMs, callMs) => {
  using silent = new UdpSocket()
  const server = `127.0.0.1:${silent.address.port}`
  using servers = new Servers({ servers: [server], timeoutMs: serversMs })
  using resolver = new Resolver(servers, { timeoutMs: resolverMs })
  const options = callMs === undefined ? {} : { timeoutMs: callMs }
  await expect(resolver.resolve('www.example.test', 'A', options)).rejects.toMatchObject({
    code: 'ETIMEOUT',
    hostname: 'www.example.test',
    attempts: [{ server, error: { code: 'ETIMEOUT' } }],
  })
})

test('one who is out of time hears what a server has said already', async () => {
  using silent = new UdpSocket()
  using broken = new LyingServer((heard) => heard.say(refusal(heard, 'SERVFAIL')))
  const last = `127.0.0.1:${silent.address.port}`
  using servers = new Servers({ servers: [broken.address, last] })
  using resolver = new Resolver(servers)
  await expect(resolver.resolve('www.example.test', 'A', { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'ESERVFAIL',
    attempts: [
      { server: broken.address, error: { code: 'ESERVFAIL' } },
      { server: last, error: { code: 'ETIMEOUT' } },
    ],
    reply: { message: { rcode: 'SERVFAIL' } },
  })
})
