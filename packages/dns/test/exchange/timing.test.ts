/** Which server is asked when: repetitions, the one deadline, and what is learned of servers. On a clock that stands still. */
import { now } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Servers } from '../../src/exchange/servers.js'
import { addressIn, asking, failureOf, QUESTION, questionOf } from './asking.js'
import { type Heard, HONEST, LyingServer, refusal, reply } from './lying-server.js'

let clock: VirtualClock
let restore: () => void
beforeEach(() => {
  clock = new VirtualClock(1_000)
  restore = useClock(clock)
})
afterEach(() => restore())

const honest = (heard: Heard): void => heard.say(reply(heard))
const silent = (): void => {}

/** The times at which each server hears something, since the beginning. */
function timesOf(...servers: LyingServer[]): number[][] {
  const began = now()
  return servers.map((server) => {
    const times: number[] = []
    server.script = () => times.push(now() - began)
    return times
  })
}

test('without an answer the servers are asked in turns, at intervals that double, until the one deadline', async () => {
  using one = new LyingServer(silent)
  using other = new LyingServer(silent)
  using servers = new Servers({ servers: [one.address, other.address] })
  const [first, second] = timesOf(one, other)
  const asker = asking(servers)
  let outcome: unknown
  const ended = failureOf(asker.join()).then((error) => (outcome = error))
  await clock.advance(4_990)
  expect(outcome).toBeUndefined()
  await clock.advance(20)
  await ended
  expect(outcome).toMatchObject({ code: 'ETIMEOUT', hostname: QUESTION.name, attempts: [{}, {}] })
  expect(first).toEqual([0, 1_500])
  expect(second).toEqual([500, 3_500])
})

test('one server alone is asked again, with the same bytes from the same port', async () => {
  using server = new LyingServer(silent)
  using servers = new Servers({ servers: [server.address], timeoutMs: 2_000 })
  const asker = asking(servers)
  await clock.advance(600)
  const [first, second] = server.heard as [Heard, Heard]
  expect(second.bytes.equals(first.bytes)).toBe(true)
  expect(second.port).toBe(first.port)
  second.say(reply(second))
  expect(addressIn(await asker.join())).toBe(HONEST)
})

test('the answer of the first server is taken while the second is being asked', async () => {
  using one = new LyingServer(silent)
  using other = new LyingServer(silent)
  using servers = new Servers({ servers: [one.address, other.address] })
  const asker = asking(servers)
  await clock.advance(600)
  expect(other.heard).toHaveLength(1)
  one.heard[0]?.say(reply(one.heard[0]))
  expect(await asker.join()).toMatchObject({ server: one.address, elapsedMs: 600 })
})

test('a lost datagram costs an interval, and the server its good name only if it happens again', async () => {
  using one = new LyingServer(silent)
  using other = new LyingServer(honest)
  using servers = new Servers({ servers: [one.address, other.address] })
  for (const restsForMs of [0, 1_000]) {
    const asker = asking(servers)
    await clock.advance(500)
    expect(await asker.join()).toMatchObject({ server: other.address })
    expect(servers.inspect()[0]?.restsForMs).toBe(restsForMs)
  }
  const heard = one.heard.length
  expect(await servers.ask(QUESTION)).toMatchObject({ server: other.address })
  expect(one.heard).toHaveLength(heard)
})

test('after its rest one question finds out whether a server is back, and waits for that only shortly', async () => {
  using one = new LyingServer(silent)
  using other = new LyingServer(honest)
  using servers = new Servers({ servers: [one.address, other.address] })
  for (let round = 0; round < 2; round++) {
    const asker = asking(servers)
    await clock.advance(500)
    await asker.join()
  }
  await clock.advance(1_000)
  const probe = asking(servers)
  await clock.settle()
  const along = await servers.ask(questionOf('along.test'))
  expect(along).toMatchObject({ server: other.address, elapsedMs: 0 })
  await clock.advance(20)
  expect(await probe.join()).toMatchObject({ server: other.address, elapsedMs: 20 })
  expect(servers.inspect()[0]?.restsForMs).toBe(2_000)
  one.script = honest
  await clock.advance(2_000)
  expect(await servers.ask(QUESTION)).toMatchObject({ server: one.address })
  expect(servers.inspect()[0]).toMatchObject({ restsForMs: 0, failuresInRow: 0 })
})

test('servers that all rest are asked all the same', async () => {
  using one = new LyingServer((heard) => heard.say(refusal(heard, 'SERVFAIL')))
  using other = new LyingServer((heard) => heard.say(refusal(heard, 'SERVFAIL')))
  using servers = new Servers({ servers: [one.address, other.address] })
  for (let round = 0; round < 3; round++) await failureOf(servers.ask(QUESTION))
  expect(servers.inspect().map(({ restsForMs }) => restsForMs > 0)).toEqual([true, true])
  other.script = honest
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
})

test('a server that is much slower than another is asked after it, and first again when the figures are old', async () => {
  using slow = new LyingServer(silent)
  using fast = new LyingServer(honest)
  using servers = new Servers({ servers: [slow.address, fast.address], retryMs: 400 })
  const first = asking(servers)
  await clock.advance(300)
  slow.heard[0]?.say(reply(slow.heard[0]))
  expect(await first.join()).toMatchObject({ server: slow.address })
  const second = asking(servers)
  await clock.advance(400)
  expect(await second.join()).toMatchObject({ server: fast.address })
  expect(servers.inspect().map(({ smoothedMs }) => smoothedMs)).toEqual([300, 0])
  expect(await servers.ask(QUESTION)).toMatchObject({ server: fast.address })
  await clock.advance(301_000)
  slow.script = honest
  expect(await servers.ask(QUESTION)).toMatchObject({ server: slow.address })
})

test('with rotate the servers are asked in turns', async () => {
  using one = new LyingServer(honest)
  using other = new LyingServer(honest)
  using servers = new Servers({ servers: [one.address, other.address], rotate: true })
  for (let round = 0; round < 10; round++) await servers.ask(QUESTION)
  expect([one.heard.length, other.heard.length]).toEqual([5, 5])
  using plain = new Servers({ servers: [one.address, other.address] })
  for (let round = 0; round < 10; round++) await plain.ask(QUESTION)
  expect([one.heard.length, other.heard.length]).toEqual([15, 5])
})

test('other servers can be put in their place, and what is known of those that stay is kept', async () => {
  using one = new LyingServer(honest)
  using other = new LyingServer(honest)
  using servers = new Servers({ servers: [one.address] })
  await servers.ask(QUESTION)
  servers.replace([other.address, one.address])
  expect(await servers.ask(QUESTION)).toMatchObject({ server: other.address })
  expect(servers.inspect()).toMatchObject([
    { server: other.address, answered: 1 },
    { server: one.address, answered: 1 },
  ])
})
