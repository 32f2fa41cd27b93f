/** Connecting: names, races between addresses, refusals, limits of time. */
import { expectNoDescriptorLeak, VirtualClock } from '@shrapnel/test-support'
import { afterEach, expect, test, vi } from 'vitest'
import {
  all,
  Interrupted,
  type Resolver,
  Socket,
  setResolver,
  sleep,
  spawn,
  tcp,
  withTimeout,
} from '../../src/index.js'
import { IoWait } from '../../src/net/descriptor.js'
import { ATTEMPT_DELAY_MS, interlace } from '../../src/net/happy-eyeballs.js'
import { useClock } from '../../src/runtime/timers.js'
import { failureOf, outcomeOf, pairOver, refusingPort, turns, until, untilIn } from './connections.js'

afterEach(() => {
  setResolver()
})

/** Names resolve to these. */
function names(table: Record<string, readonly string[]>): void {
  setResolver((host) => table[host] ?? [])
}

/** A listener on 127.0.0.x that lets nobody in: its queue is full, and the kernel drops what more comes. */
async function blackhole(host: string, port = 0): Promise<{ port: number; close(): void }> {
  const listener = tcp.listen({ host, port, backlog: 1 })
  const queued: Socket[] = []
  try {
    for (;;) queued.push(await withTimeout(20, () => tcp.connect(host, listener.port)))
  } catch {
    // The one that did not get through shows that it is full.
  }
  return {
    port: listener.port,
    close: () => {
      listener.close()
      for (const socket of queued) socket.close()
    },
  }
}

test('localhost is found by the system', async () => {
  using listener = tcp.listen({ port: 0, host: 'localhost' })
  const { client, server } = await pairOver(listener, () => tcp.connect('localhost', listener.port))
  expect(client.remoteAddress).toEqual({ address: '127.0.0.1', port: listener.port, family: 'IPv4' })
  client.close()
  server.close()
})

test('a name that nobody knows is ENOTFOUND', async () => {
  const error = await failureOf(() => tcp.connect('nobody.invalid', 80))
  expect(['ENOTFOUND', 'EAI_AGAIN']).toContain((error as { code: string }).code)
  names({})
  expect(await failureOf(() => tcp.connect('nothing', 80))).toMatchObject({
    code: 'ENOTFOUND',
    hostname: 'nothing',
  })
})

test('an address is connected to without asking the resolver', async () => {
  setResolver(() => {
    throw new Error('nobody asked')
  })
  using listener = tcp.listen({ port: 0 })
  const { client, server } = await pairOver(listener, () => tcp.connect('127.0.0.1', listener.port))
  client.close()
  server.close()
})

test('the resolver may answer at once or later, and its error is the error', async () => {
  using listener = tcp.listen({ port: 0 })
  const later: Resolver = async () => {
    await sleep(1)
    return ['127.0.0.1']
  }
  for (const resolver of [() => ['127.0.0.1'], later] satisfies Resolver[]) {
    setResolver(resolver)
    const { client, server } = await pairOver(listener, () => tcp.connect('name', listener.port))
    client.close()
    server.close()
  }
  const failure = new Error('no such luck')
  setResolver(() => Promise.reject(failure))
  expect(await failureOf(() => tcp.connect('name', 1))).toBe(failure)
})

test("setResolver gives the resolver before, and without one the system's is back", async () => {
  const mine: Resolver = () => ['127.0.0.1']
  const systems = setResolver(mine)
  expect(setResolver()).toBe(mine)
  expect(setResolver(systems)).toBe(systems)
  expect(() => setResolver('dns' as unknown as Resolver)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})

test('an answer of the resolver that is no address is an error, not a crash', async () => {
  using listener = tcp.listen({ port: 0 })
  names({ bad: ['not an address'], mixed: ['not an address', '127.0.0.1'] })
  expect(await failureOf(() => tcp.connect('bad', listener.port))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  const { client, server } = await pairOver(listener, () => tcp.connect('mixed', listener.port))
  client.close()
  server.close()
})

test('an interrupt ends a lookup, also one that nobody can stop', async () => {
  setResolver(async () => {
    await sleep(60_000)
    return []
  })
  const ours = spawn(() => tcp.connect('slow', 80))
  await untilIn(ours, 'sleep')
  ours.interrupt()
  expect(await outcomeOf(ours)).toMatchObject({ code: 'INTERRUPTED' })
  expect(await failureOf(() => tcp.connect('slow', 80, { timeoutMs: 5 }))).toMatchObject({ code: 'TIMEOUT' })
})

test('addresses of both families take turns, beginning with that of the first', () => {
  expect(interlace([])).toEqual([])
  expect(interlace(['1.1.1.1'])).toEqual(['1.1.1.1'])
  expect(interlace(['::1', '::2', '::3', '1.1.1.1'])).toEqual(['::1', '1.1.1.1', '::2', '::3'])
  expect(interlace(['1.1.1.1', '::1', '::2', '::3'])).toEqual(['1.1.1.1', '::1', '::2', '::3'])
  expect(interlace(['1.1.1.1', '1.1.1.2', '::1'])).toEqual(['1.1.1.1', '::1', '1.1.1.2'])
})

test('when the first address refuses, the next is tried at once', async () => {
  using listener = tcp.listen({ port: 0, host: '127.0.0.2' })
  names({ two: ['127.0.0.1', '127.0.0.2'] })
  // Time stands still: the attempt delay never passes.
  const restoreClock = useClock(new VirtualClock())
  const { client, server } = await pairOver(listener, () => tcp.connect('two', listener.port))
  restoreClock()
  expect(client.remoteAddress?.address).toBe('127.0.0.2')
  client.close()
  server.close()
})

test('when the first address is silent, the next is tried after the attempt delay, and the loser leaves nothing', async () => {
  const hole = await blackhole('127.0.0.3')
  using listener = tcp.listen({ port: hole.port, host: '127.0.0.4' })
  names({ two: ['127.0.0.3', '127.0.0.4'] })
  await expectNoDescriptorLeak(async () => {
    const begun = performance.now()
    const { client, server } = await pairOver(listener, () => tcp.connect('two', listener.port))
    expect(performance.now() - begun).toBeGreaterThanOrEqual(ATTEMPT_DELAY_MS - 1)
    expect(client.remoteAddress?.address).toBe('127.0.0.4')
    client.close()
    server.close()
  })
  expect(all()).toEqual([])
  hole.close()
})

test('a slow first address still wins if it answers first', async () => {
  const hole = await blackhole('127.0.0.3')
  names({ two: ['127.0.0.3', '127.0.0.4'] })
  const connecting = spawn(() => tcp.connect('two', hole.port, { timeoutMs: 400 }))
  await until(() => all().length > 1)
  expect(all().map(({ name }) => name)).toContain('connect 127.0.0.3')
  expect(await outcomeOf(connecting)).toMatchObject({ code: 'TIMEOUT' })
  expect(all()).toEqual([])
  hole.close()
})

test("when every address fails, the error is the first one's and its cause has all", async () => {
  const port = refusingPort()
  names({ three: ['127.0.0.1', '127.0.0.5', '127.0.0.6'] })
  await expectNoDescriptorLeak(async () => {
    const error = await failureOf(() => tcp.connect('three', port))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port, syscall: 'connect' })
    const { errors } = (error as Error).cause as AggregateError
    expect(errors).toHaveLength(3)
    expect(errors.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.5', '127.0.0.6'])
  })
})

test('an interrupt ends every attempt and leaves no descriptor and no coroutine', async () => {
  const first = await blackhole('127.0.0.3')
  const second = await blackhole('127.0.0.4', first.port)
  names({ holes: ['127.0.0.3', '127.0.0.4'] })
  await expectNoDescriptorLeak(async () => {
    const connecting = spawn(() => tcp.connect('holes', first.port))
    await until(() => all().filter(({ waitingOn }) => waitingOn?.startsWith('connect')).length === 2)
    connecting.interrupt()
    expect(await outcomeOf(connecting)).toMatchObject({ code: 'INTERRUPTED' })
  })
  expect(all()).toEqual([])
  first.close()
  second.close()
})

test('an interrupt in the same turn as the connection leaves either a socket or nothing, never a lost descriptor', async () => {
  using listener = tcp.listen({ port: 0 })
  names({ two: ['127.0.0.1', '127.0.0.9'] })
  for (const host of ['127.0.0.1', 'two']) {
    await expectNoDescriptorLeak(async () => {
      for (let round = 0; round < 60; round++) {
        const connecting = spawn(() => tcp.connect(host, listener.port))
        for (let i = 0; i < round % 6; i++) await sleep(0)
        connecting.interrupt()
        const outcome = await outcomeOf(connecting)
        if (outcome instanceof Interrupted) continue
        expect(outcome).toBeInstanceOf(Socket)
        ;(outcome as Socket).close()
      }
      // Whatever got through is in the queue.
      for (;;) {
        try {
          const socket = await withTimeout(20, () => listener.accept())
          socket.close()
        } catch {
          break
        }
      }
    })
  }
})

test('a connection that does not come within timeoutMs is TIMEOUT and leaves nothing', async () => {
  const hole = await blackhole('127.0.0.3')
  await expectNoDescriptorLeak(async () => {
    const error = await failureOf(() => tcp.connect('127.0.0.3', hole.port, { timeoutMs: 20 }))
    expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 20 })
  })
  hole.close()
})

test('an event that is no news does not pass for a connection', async () => {
  const hole = await blackhole('127.0.0.3')
  const begun = vi.spyOn(IoWait.prototype, 'again')
  const connecting = spawn(() => tcp.connect('127.0.0.3', hole.port))
  await untilIn(connecting, 'connect')
  const wait = begun.mock.contexts.at(-1) as IoWait<unknown>
  begun.mockRestore()
  wait.attempt()
  await turns(3)
  expect(connecting.waitingOn).toMatch(/^connect/)
  connecting.interrupt()
  expect(await outcomeOf(connecting)).toMatchObject({ code: 'INTERRUPTED' })
  hole.close()
})

test('a wait for a connection says where to', async () => {
  const hole = await blackhole('127.0.0.3')
  const connecting = spawn(() => tcp.connect('127.0.0.3', hole.port))
  await untilIn(connecting, 'connect')
  expect(connecting.waitingOn).toMatch(new RegExp(`^connect fd \\d+ 127\\.0\\.0\\.3:${hole.port}$`))
  connecting.interrupt()
  expect(await outcomeOf(connecting)).toMatchObject({ code: 'INTERRUPTED' })
  hole.close()
})

test('what the kernel refuses at once is its error with address and port', async () => {
  const port = refusingPort()
  for (const [host, connectTo, code] of [
    ['127.0.0.1', port, 'ECONNREFUSED'],
    ['::1', port, 'ECONNREFUSED'],
    ['255.255.255.255', 80, expect.any(String)],
    ['::1%nosuchzone', 80, 'ENODEV'],
  ] as const) {
    const error = await failureOf(() => tcp.connect(host, connectTo, { timeoutMs: 1000 }))
    expect(error).toMatchObject({
      address: host,
      code,
      errno: expect.any(Number),
      syscall: expect.any(String),
    })
  }
})

test('a local address that is not ours is EADDRNOTAVAIL from bind', async () => {
  using listener = tcp.listen({ port: 0 })
  await expectNoDescriptorLeak(async () => {
    const error = await failureOf(() =>
      tcp.connect('127.0.0.1', listener.port, { localAddress: '192.0.2.1' }),
    )
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'bind' })
    expect(
      await failureOf(() => tcp.connect('127.0.0.1', listener.port, { localAddress: '::1' })),
    ).toMatchObject({ syscall: 'bind' })
  })
})

test('a failed connect leaves no descriptor, however often', async () => {
  const port = refusingPort()
  await expectNoDescriptorLeak(async () => {
    for (let i = 0; i < 200; i++) await failureOf(() => tcp.connect('127.0.0.1', port))
  })
})
