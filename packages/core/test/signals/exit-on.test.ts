/** SIGTERM and SIGINT end the program, unless somebody takes them: seen from outside. */
import { runProgram } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'

const program = new URL('../programs/ends-by-signal.mjs', import.meta.url)
const run = async (name: string, ...more: string[]) => {
  const { code, signal, stdout, stderr } = await runProgram(program, { args: [name, ...more] })
  return { code, signal, stderr, lines: stdout.split('\n').slice(0, -1) }
}
const ended = (code: number, ...lines: string[]) => ({ code, signal: null, stderr: '', lines })
const killed = (signal: NodeJS.Signals, ...lines: string[]) => ({ code: null, signal, stderr: '', lines })

describe('where nobody takes it', () => {
  test.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ])('%s ends the program in order, with status %i', async (signal, code) => {
    const { lines, ...end } = await run('a server', signal)
    expect(end).toEqual({ code, signal: null, stderr: '' })
    expect(lines.at(-1)).toBe('the exit function')
    expect(lines.slice(0, -1).sort()).toEqual([
      'clean',
      'cleaning',
      'the connection is told',
      'the listener is closed',
    ])
  })

  test('it ends a program that has no coroutine', async () => {
    expect(await run('nothing but a promise of others')).toEqual(ended(0))
  })

  test('it does not keep a program alive that has nothing to do', async () => {
    expect(await run('nothing at all')).toEqual(ended(0))
  })

  test('it changes nothing about an exit that is under way', async () => {
    expect(await run('an exit that is under way')).toEqual(ended(7, 'cleaning', 'clean'))
  })

  test('another signal may do it, with 128 and its number, and graceMs stays as it was set', async () => {
    const { stderr, ...end } = await run('other signals')
    expect(end).toEqual({ code: 129, signal: null, lines: ['SIGTERM,SIGINT', 'SIGHUP,SIGUSR2'] })
    expect(stderr).toMatch(/exit does not wait any longer for coroutine \d+ stubborn/)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('switched off, %s ends it at once', async (signal) => {
    expect(await run('switched off', signal)).toEqual(killed(signal, 'SIGTERM,SIGINT'))
  })

  test('in a worker thread nothing is installed', async () => {
    expect(await run('only a worker thread')).toEqual(killed('SIGTERM'))
  })
})

describe('a second signal', () => {
  test('that comes at once forces nothing: npm and terminals send two', async () => {
    expect(await run('twice at once')).toEqual(ended(130, 'cleaning', 'clean'))
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s a second after the first ends it at once', async (signal, code) => {
    expect(await run('again after a second', signal)).toEqual(ended(code, 'cleaning'))
  })

  test('ends a program that holds the processor, as it would without this package', async () => {
    expect(await run('stuck, twice')).toEqual(killed('SIGINT'))
  })

  test('ends one that holds the processor while it cleans up', async () => {
    expect(await run('stuck later, though the first was taken')).toEqual(killed('SIGINT', 'cleaning'))
  })

  test.each(['stuck, twice at once', 'stuck, with a listener of Node', 'stuck, with a handler'])(
    'does not end a program that is %s',
    async (name) => {
      expect(await run(name)).toEqual(killed('SIGKILL'))
    },
  )
})

describe('the program goes on, until nobody takes it any more, where it is taken', () => {
  test('by a handler', async () => {
    expect(await run('a handler takes it')).toEqual(ended(0, 'handled', 'still there'))
  })

  test('by a wait', async () => {
    expect(await run('a wait takes it')).toEqual(ended(0, 'SIGTERM', 'still there'))
  })

  test('by a listener of Node', async () => {
    expect(await run('a listener of Node takes it')).toEqual(ended(0, 'heard', 'still there'))
  })

  test('by a listener of Node for once', async () => {
    expect(await run('a listener for once takes one')).toEqual(ended(0, 'heard', 'still there'))
  })
})
