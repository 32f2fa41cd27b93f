/** signals.handle: functions that run in coroutines when a signal comes. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { setExceptionNotifier } from '../../src/runtime/notifier.js'
import { sleep, yieldSlice } from '../../src/scope/sleep.js'
import type { SignalHandler } from '../../src/signals/signal-handler.js'
import { signals } from '../../src/signals/signals.js'
import { all, current } from '../../src/spawn.js'
import { Event } from '../../src/sync/event.js'
import { Fifo } from '../../src/sync/fifo.js'

const send = (signal: NodeJS.Signals = 'SIGUSR2', times = 1): void => {
  for (let i = 0; i < times; i++) process.kill(process.pid, signal)
}
/** What was sent before has arrived, and the coroutines of its handlers have begun. */
const arrived = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await yieldSlice()
}

const handlers: SignalHandler[] = []
const handle: typeof signals.handle = (...args) => {
  const handler = signals.handle(...args)
  handlers.push(handler)
  return handler
}
const notifier = vi.fn()
beforeEach(() => {
  notifier.mockReset()
  setExceptionNotifier(notifier)
})
afterEach(() => {
  for (const handler of handlers.splice(0)) handler.remove()
  signals.release('SIGUSR2')
  setExceptionNotifier()
})

test('a handler is called in a coroutine of its own, with the signal and how often it came', async () => {
  const calls = new Fifo<unknown[]>()
  const handler = handle(
    'SIGUSR2',
    (...args) => {
      const { name, isDaemon } = current()
      void calls.push([...args, name, isDaemon])
    },
    { name: 'reloader', daemon: true },
  )
  expect(handler.signal).toBe('SIGUSR2')
  send()
  expect(await calls.pop()).toEqual(['SIGUSR2', 1, 'reloader', true])
  send('SIGUSR2', 5)
  expect(await calls.pop()).toEqual(['SIGUSR2', 5, 'reloader', true])
})

test('unless named, the coroutine bears the name of the function, or of the signal', async () => {
  const names = new Fifo<string>()
  function reload() {
    void names.push(current().name)
  }
  handle('SIGUSR2', reload)
  send()
  expect(await names.pop()).toBe('reload')
  handlers[0]?.remove()
  handle('SIGUSR2', () => names.push(current().name))
  send()
  expect(await names.pop()).toBe('handler of SIGUSR2')
})

test('all handlers of a signal are called, and waits get theirs as well', async () => {
  const counts = [0, 0, 0]
  for (const i of counts.keys()) {
    handle('SIGUSR2', (_, count) => {
      counts[i] = (counts[i] as number) + count
    })
  }
  send('SIGUSR2', 3)
  for (let i = 0; i < 2; i++) {
    await arrived()
    send()
  }
  await arrived()
  expect(counts).toEqual([5, 5, 5])
  const waiting = signals.wait('SIGUSR2')
  send()
  expect(await waiting).toBe('SIGUSR2')
  await arrived()
  expect(counts).toEqual([6, 6, 6])
})

test('a handler that waits is not called again before it has ended, and then for all that came', async () => {
  const calls: number[] = []
  const gate = new Event()
  handle('SIGUSR2', async (_, count) => {
    calls.push(count)
    await gate.wait()
  })
  send()
  await arrived()
  expect(calls).toEqual([1])
  send('SIGUSR2', 2)
  await arrived()
  send('SIGUSR2', 2)
  await arrived()
  expect(calls).toEqual([1])
  gate.set()
  await arrived()
  expect(calls).toEqual([1, 4])
})

test('a handler that waits does not hold up the others', async () => {
  const quick = new Fifo<number>()
  const gate = new Event()
  handle('SIGUSR2', () => gate.wait())
  handle('SIGUSR2', (_, count) => void quick.push(count))
  send()
  expect(await quick.pop()).toBe(1)
  send()
  expect(await quick.pop()).toBe(1)
  gate.set()
})

test('a handler that throws is reported to the exception notifier, and stays', async () => {
  const error = new Error('clumsy')
  let calls = 0
  handle(
    'SIGUSR2',
    () => {
      calls++
      throw error
    },
    { name: 'thrower' },
  )
  handle(
    'SIGUSR2',
    async () => {
      calls++
      await sleep(0)
      throw error
    },
    { name: 'rejecter' },
  )
  for (const round of [1, 2]) {
    send()
    await arrived()
    expect(calls).toBe(2 * round)
    expect(notifier.mock.calls.map(([given, { name }]) => [given, name]).sort()).toEqual([
      ...Array(round).fill([error, 'rejecter']),
      ...Array(round).fill([error, 'thrower']),
    ])
  }
})

test('a handler whose coroutine is shut down is called again, and nobody is told', async () => {
  let calls = 0
  handle(
    'SIGUSR2',
    async () => {
      calls++
      await sleep(60_000)
    },
    { name: 'sleeper' },
  )
  send()
  await arrived()
  all()
    .find(({ name }) => name === 'sleeper')
    ?.shutdown()
  await arrived()
  send()
  await arrived()
  expect(calls).toBe(2)
  for (const coroutine of all()) if (coroutine.name === 'sleeper') coroutine.shutdown()
  await arrived()
  expect(notifier).not.toHaveBeenCalled()
})

test('a removed handler is not called, not even for what came before; the others are', async () => {
  const calls: string[] = []
  const second = { handler: null as SignalHandler | null }
  handle('SIGUSR2', () => {
    calls.push('first')
    second.handler?.remove()
  })
  second.handler = handle('SIGUSR2', () => calls.push('second'))
  handle('SIGUSR2', () => calls.push('third'))
  send()
  await arrived()
  expect(calls).toEqual(['first', 'third'])
  send()
  await arrived()
  expect(calls).toEqual(['first', 'third', 'first', 'third'])
})

test('a handler may remove itself, and disposing of one removes it', async () => {
  let calls = 0
  const once = handle('SIGUSR2', () => {
    calls++
    once.remove()
    once.remove()
  })
  {
    using other = signals.handle('SIGUSR2', () => {})
    expect(other.signal).toBe('SIGUSR2')
  }
  using _witness = signals.handle('SIGUSR2', () => {})
  send()
  await arrived()
  send()
  await arrived()
  expect(calls).toBe(1)
})

test.each([
  ['fn', [undefined], 'ERR_INVALID_ARG_TYPE'],
  ['options', [() => {}, null], 'ERR_INVALID_ARG_TYPE'],
  ['name', [() => {}, { name: 5 }], 'ERR_INVALID_ARG_TYPE'],
  ['daemon', [() => {}, { daemon: 'yes' }], 'ERR_INVALID_ARG_TYPE'],
])('a wrong %s is refused', (_, rest, code) => {
  const wrong = signals.handle as (...args: unknown[]) => unknown
  expect(() => wrong('SIGUSR2', ...rest)).toThrow(expect.objectContaining({ code }))
})
