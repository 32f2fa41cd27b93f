/** Wrong arguments: `run` and `start` say which, with Node's own codes, and start nothing. */
import { expect, test } from 'vitest'
import { type Process, run, start } from '../../src/index.js'
import { failureOf } from '../net/connections.js'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const RANGE = 'ERR_OUT_OF_RANGE'

type Untyped = (...args: unknown[]) => unknown

const both: readonly (readonly [args: readonly unknown[], code: string, names: string])[] = [
  [[], TYPE, 'command'],
  [[5], TYPE, 'command'],
  [[''], RANGE, 'command'],
  [['a\0b'], RANGE, 'command'],
  [['true', 'x'], TYPE, 'args'],
  [['true', [1]], TYPE, 'each of args'],
  [['true', ['a\0b']], RANGE, 'each of args'],
  [['true', [], null], TYPE, 'options'],
  [['true', [], 5], TYPE, 'options'],
  [['true', [], { cwd: 5 }], TYPE, 'cwd'],
  [['true', [], { cwd: '' }], RANGE, 'cwd'],
  [['true', [], { cwd: 'a\0b' }], RANGE, 'cwd'],
  [['true', [], { env: 5 }], TYPE, 'env'],
  [['true', [], { env: null }], TYPE, 'env'],
  [['true', [], { env: { A: 5 } }], TYPE, 'env.A'],
  [['true', [], { env: { A: 'x\0B=y' } }], RANGE, 'env.A'],
  [['true', [], { env: { 'A=B': 'x' } }], RANGE, 'a name in env'],
  [['true', [], { env: { '': 'x' } }], RANGE, 'a name in env'],
  [['true', [], { shell: 'bash' }], TYPE, 'shell'],
  [['true', [], { argv0: 'a\0b' }], RANGE, 'each of args'],
]

test.each(both)('run%j and start are refused', async (args, code, name) => {
  const refusal = { code, message: expect.stringMatching(new RegExp(`^${name} must be`)) }
  expect(await failureOf(() => (run as Untyped)(...args))).toMatchObject(refusal)
  expect(() => (start as Untyped)(...args)).toThrow(expect.objectContaining({ code }))
})

test.each([
  [{ timeoutMs: -1 }, RANGE],
  [{ timeoutMs: '5' }, TYPE],
  [{ timeoutMs: Number.NaN }, RANGE],
  [{ graceMs: -1 }, RANGE],
  [{ maxOutputBytes: -1 }, RANGE],
  [{ maxOutputBytes: 1.5 }, RANGE],
  [{ maxOutputBytes: Number.POSITIVE_INFINITY }, RANGE],
  [{ check: 1 }, TYPE],
  [{ input: 5 }, TYPE],
  [{ input: null }, TYPE],
  [{ input: ['x'] }, TYPE],
  [{ timeout: 5 }, 'ERR_UNKNOWN_OPTION'],
  [{ stdout: 'inherit' }, 'ERR_UNKNOWN_OPTION'],
])('run with %j is refused', async (options, code) => {
  expect(await failureOf(() => (run as Untyped)('true', [], options))).toMatchObject({ code })
})

test.each([
  [{ stdin: 'pipes' }, RANGE],
  [{ stdout: -1 }, RANGE],
  [{ stdout: 1.5 }, RANGE],
  [{ stderr: null }, TYPE],
  [{ stderr: {} }, TYPE],
  [{ descriptors: 3 }, TYPE],
  [{ descriptors: ['3'] }, TYPE],
  [{ descriptors: [-2] }, RANGE],
  [{ group: 'mine' }, RANGE],
  [{ stdoutt: 'pipe' }, 'ERR_UNKNOWN_OPTION'],
])('start with %j is refused', (options, code) => {
  expect(() => (start as Untyped)('true', [], options)).toThrow(expect.objectContaining({ code }))
})

test('a signal that there is not is refused, and the process is unharmed', async () => {
  await using child: Process = start('cat')
  for (const [signal, code] of [
    ['SIGNOTHING', RANGE],
    ['toString', RANGE],
    ['TERM', RANGE],
    [-9, RANGE],
    [65, RANGE],
    [null, TYPE],
  ] as const) {
    expect(() => child.kill(signal as unknown as NodeJS.Signals)).toThrow(expect.objectContaining({ code }))
  }
  expect(await failureOf(() => child.stop({ graceMs: -1 }))).toMatchObject({ code: RANGE })
  expect(child.isRunning).toBe(true)
})
