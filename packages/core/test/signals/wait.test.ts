/** signals.wait: one delivery for one wait, none lost between two. */
import { constants as os } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { sleep, yieldSlice } from '../../src/scope/sleep.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { CaughtSignal } from '../../src/signals/caught-signal.js'
import { signals } from '../../src/signals/signals.js'
import { spawn } from '../../src/spawn.js'

const send = (signal: NodeJS.Signals, times = 1): void => {
  for (let i = 0; i < times; i++) process.kill(process.pid, signal)
}
/** What was sent before has arrived: it is in the pipe by now, and one turn asks the poller. */
const arrived = async (): Promise<void> => {
  await yieldSlice()
  await yieldSlice()
}

afterEach(() => signals.release(['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGTERM']))

test('a wait ends with the name of the signal that came', async () => {
  const waiter = spawn(() => signals.wait('SIGUSR2'))
  await yieldSlice()
  expect(waiter.waitingOn).toBe('signal SIGUSR2')
  send('SIGUSR2')
  expect(await waiter.join()).toBe('SIGUSR2')
})

test('a wait for several ends with the one that came, and the others are still caught', async () => {
  const waiter = spawn(() => signals.wait(['SIGHUP', 'SIGUSR2']))
  await yieldSlice()
  expect(waiter.waitingOn).toBe('signal SIGHUP or SIGUSR2')
  send('SIGUSR2')
  expect(await waiter.join()).toBe('SIGUSR2')
  send('SIGHUP')
  expect(await signals.wait('SIGHUP')).toBe('SIGHUP')
})

test('what comes between two waits ends the next ones at once, each once', async () => {
  const waiter = spawn(() => signals.wait('SIGUSR2'))
  await yieldSlice()
  send('SIGUSR2', 4)
  await waiter.join()
  await arrived()
  for (let i = 0; i < 3; i++) expect(signals.wait('SIGUSR2')).toBe('SIGUSR2')
  await expect(withTimeout(1, () => signals.wait('SIGUSR2'))).rejects.toMatchObject({ code: 'TIMEOUT' })
})

test('each delivery ends one wait, the oldest first', async () => {
  const order: number[] = []
  const waiters = [0, 1, 2].map((i) =>
    spawn(async () => {
      await signals.wait('SIGUSR2')
      order.push(i)
    }),
  )
  await yieldSlice()
  send('SIGUSR2', 2)
  await waiters[0]?.join()
  await waiters[1]?.join()
  await arrived()
  expect(order).toEqual([0, 1])
  send('SIGUSR2')
  await waiters[2]?.join()
  expect(order).toEqual([0, 1, 2])
})

test('of a list, what is kept of the first name is taken first', async () => {
  await withTimeout(0, () => signals.wait(['SIGUSR1', 'SIGUSR2'])).catch(() => {})
  send('SIGUSR2')
  send('SIGUSR1')
  await arrived()
  expect(await signals.wait(['SIGUSR1', 'SIGUSR2'])).toBe('SIGUSR1')
  expect(await signals.wait(['SIGUSR1', 'SIGUSR2'])).toBe('SIGUSR2')
})

test('a name that stands twice in a list is one', async () => {
  const waiter = spawn(() => signals.wait(['SIGUSR2', 'SIGUSR2']))
  await yieldSlice()
  send('SIGUSR2')
  expect(await waiter.join()).toBe('SIGUSR2')
})

test('a signal with two names is known by the one it was asked for', async () => {
  const waiter = spawn(() => signals.wait('SIGPOLL'))
  await yieldSlice()
  send('SIGIO')
  expect(await waiter.join()).toBe('SIGPOLL')
  signals.release('SIGIO')
})

describe('a cancelled wait', () => {
  test('takes no delivery, and the next wait gets the one that comes', async () => {
    await expect(withTimeout(1, () => signals.wait('SIGUSR2'))).rejects.toMatchObject({ code: 'TIMEOUT' })
    send('SIGUSR2')
    expect(await signals.wait('SIGUSR2')).toBe('SIGUSR2')
  })

  test('leaves the others in the queue', async () => {
    const ended: string[] = []
    const waiters = ['first', 'doomed', 'last'].map((name) =>
      spawn(async () => {
        await signals.wait('SIGUSR2')
        ended.push(name)
      }),
    )
    await yieldSlice()
    waiters[1]?.interrupt()
    await expect(waiters[1]?.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    send('SIGUSR2', 2)
    await waiters[0]?.join()
    await waiters[2]?.join()
    expect(ended).toEqual(['first', 'last'])
  })

  test('that was woken before keeps its delivery, and the interrupt meets the next wait', async () => {
    const waiter = spawn(async () => {
      const signal = await signals.wait('SIGUSR2')
      await expect(sleep(60_000)).rejects.toMatchObject({ code: 'INTERRUPTED' })
      return signal
    })
    await yieldSlice()
    // Told in the same breath, after the wait: the coroutine has not run yet.
    const interrupter = { deliver: () => waiter.interrupt() }
    CaughtSignal.of(os.signals.SIGUSR2).add(interrupter)
    send('SIGUSR2')
    expect(await waiter.join()).toBe('SIGUSR2')
    CaughtSignal.of(os.signals.SIGUSR2).remove(interrupter)
  })

  test('that was refused before it began does not catch the signal', async () => {
    const waiter = spawn(async () => {
      try {
        await sleep(60_000)
      } finally {
        await expect(signals.wait('SIGHUP')).rejects.toMatchObject({ code: 'SHUTDOWN' })
      }
    })
    await yieldSlice()
    waiter.shutdown()
    await expect(waiter.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect(CaughtSignal.find(os.signals.SIGHUP)).toBe(undefined)
  })
})

describe('release', () => {
  test('fails the waits for the signal, and a new wait begins with nothing', async () => {
    const one = spawn(() => signals.wait('SIGUSR2'))
    const both = spawn(() => signals.wait(['SIGHUP', 'SIGUSR2']))
    const other = spawn(() => signals.wait('SIGHUP'))
    await yieldSlice()
    signals.release('SIGUSR2')
    await expect(one.join()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(both.join()).rejects.toMatchObject({ code: 'CLOSED' })
    send('SIGHUP')
    expect(await other.join()).toBe('SIGHUP')
    const again = spawn(() => signals.wait('SIGUSR2'))
    await yieldSlice()
    send('SIGUSR2')
    expect(await again.join()).toBe('SIGUSR2')
  })

  test('drops what was kept', async () => {
    await withTimeout(0, () => signals.wait('SIGUSR2')).catch(() => {})
    send('SIGUSR2', 3)
    await arrived()
    signals.release('SIGUSR2')
    await expect(withTimeout(1, () => signals.wait('SIGUSR2'))).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('is without effect on a signal nobody waited for', () => {
    expect(() => signals.release(['SIGUSR1', 'SIGUSR2'])).not.toThrow()
  })
})

describe('arguments', () => {
  const wait = signals.wait as (signal: unknown) => unknown
  test.each([
    ['SIGNOTHING', 'ERR_UNKNOWN_SIGNAL'],
    ['sigterm', 'ERR_UNKNOWN_SIGNAL'],
    [['SIGHUP', ''], 'ERR_UNKNOWN_SIGNAL'],
    [15, 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_OUT_OF_RANGE'],
    ['SIGKILL', 'ERR_OUT_OF_RANGE'],
    [['SIGHUP', 'SIGSTOP'], 'ERR_OUT_OF_RANGE'],
    ['SIGSEGV', 'ERR_OUT_OF_RANGE'],
    ['SIGFPE', 'ERR_OUT_OF_RANGE'],
    ['SIGILL', 'ERR_OUT_OF_RANGE'],
    ['SIGBUS', 'ERR_OUT_OF_RANGE'],
    ['SIGTRAP', 'ERR_OUT_OF_RANGE'],
    ['SIGSYS', 'ERR_OUT_OF_RANGE'],
    ['SIGABRT', 'ERR_OUT_OF_RANGE'],
  ])('%j is refused with %s, by wait, release, handle and exitOn', (signal, code) => {
    const error = expect.objectContaining({ code })
    expect(() => wait(signal)).toThrow(error)
    expect(() => signals.release(signal as 'SIGHUP')).toThrow(error)
    for (const one of Array.isArray(signal) && signal.length > 0 ? signal.slice(-1) : [signal]) {
      if (Array.isArray(one)) continue
      expect(() => signals.handle(one as 'SIGHUP', () => {})).toThrow(error)
      expect(() => signals.exitOn([one as 'SIGHUP'])).toThrow(error)
    }
  })

  test('the refusal says why', () => {
    expect(() => wait('SIGKILL')).toThrow(/not SIGKILL, which the kernel lets nobody catch/)
    expect(() => wait('SIGSEGV')).toThrow(
      /not SIGSEGV, which is how the processor or abort\(\) reports a fault/,
    )
  })
})
