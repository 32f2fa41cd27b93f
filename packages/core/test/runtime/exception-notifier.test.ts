/** Failures that nobody joined. */
import { expect, test } from 'vitest'
import {
  current,
  Interrupted,
  main,
  Shutdown,
  setExceptionNotifier,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { compactTrace } from '../../src/runtime/compact-trace.js'
import { cleanGround, errorOf, foreign, stderrOf } from './harness.js'

const ground = cleanGround()

/** What the default notifier prints of `fn`'s failure. */
function printed(fn: () => unknown): Promise<string> {
  return stderrOf(async () => {
    const previous = setExceptionNotifier()
    fn()
    await ground.clock.settle()
    setExceptionNotifier(previous)
  })
}

test('a failure that nobody joins is reported once, with the error and the coroutine', async () => {
  const error = new Error('alone')
  const coroutine = spawn(() => {
    throw error
  })
  await ground.clock.settle()
  await ground.clock.settle()
  expect(ground.takeReports()).toEqual([{ error, coroutine }])
})

test('a failure that is joined is not reported, be it before the death, in its turn or long before the report', async () => {
  const fail = (): never => {
    throw new Error('heard of')
  }
  const early = spawn(fail)
  await errorOf(early.join())
  const late = spawn(fail)
  await yieldSlice()
  expect(late.state).toBe('failed')
  await errorOf(late.join())
})

test('a failure joined after it was reported still rejects', async () => {
  const error = new Error('too late')
  const coroutine = spawn(() => {
    throw error
  })
  await ground.clock.settle()
  expect(ground.takeReports()).toHaveLength(1)
  expect(await errorOf(coroutine.join())).toBe(error)
})

test('the end of a coroutine that was shut down is silent', async () => {
  const waiting = spawn(() => sleep(Infinity))
  const unstarted = spawn(() => {})
  unstarted.shutdown()
  await ground.clock.settle()
  waiting.shutdown()
  await ground.clock.settle()
  expect([waiting.state, unstarted.state]).toEqual(['failed', 'failed'])
})

test('a coroutine that throws Shutdown itself ends in silence too', async () => {
  const coroutine = spawn(() => {
    throw new Shutdown()
  })
  await ground.clock.settle()
  expect(coroutine.state).toBe('failed')
})

test('a coroutine that dies of another error while it is shut down is reported', async () => {
  const error = new Error('in finally')
  const coroutine = spawn(async () => {
    try {
      await sleep(Infinity)
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: an error from cleanup is what is tested
      throw error
    }
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await ground.clock.settle()
  expect(ground.takeReports()).toEqual([{ error, coroutine }])
})

test('an interrupt and a timeout that nobody caught are reported', async () => {
  const interrupted = spawn(() => sleep(Infinity))
  const late = spawn(() => withTimeout(5, () => sleep(Infinity)))
  await ground.clock.settle()
  interrupted.interrupt()
  await ground.clock.advance(5)
  const reports = ground.takeReports()
  expect(reports.map(({ coroutine }) => coroutine)).toEqual([interrupted, late])
  expect(reports[0]?.error).toBeInstanceOf(Interrupted)
  expect(reports[1]?.error).toBeInstanceOf(TimeoutError)
})

test('the default report is one line with time, id, name, error and a compact trace', async () => {
  function deepest(): never {
    throw Object.assign(new Error('first line\nsecond line'), { code: 'E_CODE' })
  }
  let id = 0
  const text = await printed(() => {
    id = spawn({ name: 'session' }, async () => {
      await yieldSlice()
      deepest()
    }).id
  })
  expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z coroutine \d+ \(session\) failed: .*\n$/)
  expect(text).toContain(`coroutine ${id} (session)`)
  expect(text).toContain('Error E_CODE: first line second line [deepest exception-notifier.test.ts:')
})

test('the compact trace names frames of the program, not of Node or this package', async () => {
  const text = await printed(() => {
    spawn(async function session() {
      await withTimeout(Infinity, async function inner() {
        await yieldSlice()
        throw new Error('deep')
      })
    })
  })
  expect(text).toContain('[inner exception-notifier.test.ts:')
  expect(text).toContain('[session exception-notifier.test.ts:')
  expect(text).not.toContain('node:')
  expect(text).not.toContain('deadline-scope')
})

test('a report says what caused the error', async () => {
  const text = await printed(() => {
    spawn(() => {
      throw new Error('outer', { cause: new TypeError('inner', { cause: 'root\nof it' }) })
    })
  })
  expect(text).toMatch(/Error: outer .* caused by TypeError: inner .* caused by root of it\n$/)
})

const oddities: readonly (readonly [what: string, make: () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['text of two lines', () => 'one\r\ntwo'],
  ['a symbol', () => Symbol('odd')],
  ['an object without a prototype', () => Object.create(null)],
  [
    'an object whose toString throws',
    () => ({
      toString: () => {
        throw new Error('toString')
      },
    }),
  ],
  [
    'an error that is its own cause',
    () => {
      const error = new Error('circle')
      error.cause = error
      return error
    },
  ],
  [
    'an error whose message throws',
    () =>
      Object.defineProperty(new Error('hidden'), 'message', {
        get: () => {
          throw new Error('message')
        },
      }),
  ],
  ['an error whose stack is no text', () => Object.assign(new Error('no stack'), { stack: 17 })],
  [
    'an error whose stack throws',
    () =>
      Object.defineProperty(new Error('hidden'), 'stack', {
        get: () => {
          throw new Error('stack')
        },
      }),
  ],
  [
    'an error whose message is an object',
    () => Object.assign(new Error('x'), { message: Object.create(null) }),
  ],
]

test.each(oddities)('a coroutine that dies of %s is reported on one line', async (_, make) => {
  const text = await printed(() => {
    spawn({ name: 'odd' }, () => {
      throw make()
    })
  })
  expect(text).toMatch(/^\S+ coroutine \d+ \(odd\) failed: [^\r\n]*\n$/)
  expect(text.length).toBeLessThan(10_000)
})

test.each(oddities)('a coroutine can be interrupted because of %s', async (_, make) => {
  const reason = make()
  const coroutine = spawn(() => sleep(Infinity))
  await ground.clock.settle()
  coroutine.interrupt(reason)
  const error = await errorOf(coroutine.join())
  expect(error).toBeInstanceOf(Interrupted)
  expect(Object.is(error.reason, reason)).toBe(true)
})

test('a name of several lines is reported on one', async () => {
  const text = await printed(() => {
    spawn({ name: 'two\nlines' }, () => {
      throw new Error('x')
    })
  })
  expect(text.split('\n')).toHaveLength(2)
})

test('a notifier that throws is reported the default way, together with the failure', async () => {
  const text = await stderrOf(async () => {
    const previous = setExceptionNotifier(() => {
      throw new Error('the notifier itself')
    })
    spawn({ name: 'session' }, () => {
      throw new Error('the failure')
    })
    await ground.clock.settle()
    setExceptionNotifier(previous)
  })
  const lines = text.trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('(session) failed: Error: the failure')
  expect(lines[1]).toContain('the exception notifier failed: Error: the notifier itself')
})

test('an asynchronous notifier that fails is reported like one that throws', async () => {
  const text = await stderrOf(async () => {
    const previous = setExceptionNotifier(async () => {
      throw new Error('the notifier itself')
    })
    spawn(() => {
      throw new Error('the failure')
    })
    await ground.clock.settle()
    setExceptionNotifier(previous)
  })
  expect(text).toContain('the exception notifier failed: Error: the notifier itself')
})

test('the notifier runs outside of any coroutine, so that its own waits belong to nobody who is cancelled', async () => {
  const seen: unknown[] = []
  const waited = foreign()
  const previous = setExceptionNotifier(async () => {
    seen.push(current())
    await sleep(5)
    waited.resolve()
  })
  const coroutine = spawn(async () => {
    // It is in a turn that a cancelled coroutine asked for that the notifier is called.
    current().shutdown()
    await sleep(1).catch(() => {})
    throw new Error('x')
  })
  await ground.clock.advance(6)
  await waited.promise
  setExceptionNotifier(previous)
  expect(coroutine.state).toBe('failed')
  expect(seen).toEqual([main()])
})

test('setExceptionNotifier gives the previous one, and undefined brings the default back', () => {
  const mine = (): void => {}
  const before = setExceptionNotifier(mine)
  expect(setExceptionNotifier()).toBe(mine)
  const byDefault = setExceptionNotifier(mine)
  expect(byDefault).not.toBe(mine)
  expect(setExceptionNotifier(byDefault)).toBe(mine)
  expect(setExceptionNotifier(before)).toBe(byDefault)
})

test.each([
  ['null', null],
  ['text', 'loud'],
  ['an object', {}],
])('%s is no notifier', (_, notifier) => {
  expect(() => setExceptionNotifier(notifier as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})

test('a compact trace has at most eight frames', () => {
  const deep = (depth: number): Error => (depth === 0 ? new Error('deep') : deep(depth - 1))
  Error.stackTraceLimit = 50
  const trace = compactTrace(deep(30))
  Error.stackTraceLimit = 10
  expect(trace.match(/\[/g)).toHaveLength(8)
})
