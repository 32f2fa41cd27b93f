/** What `run` gives for a program that ends by itself. */
import { realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ExitError, inParallel, memoryStreamPair, run, spawn } from '../../src/index.js'
import { digest, failureOf, patterned } from '../net/connections.js'
import { plainEnvironment, zombies } from './children.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const sh = (script: string, ...args: string[]) => run('sh', ['-c', script, 'sh', ...args])

test('a program gives its code, its two outputs, its pid and how long it took', async () => {
  const result = await sh('echo out; echo error >&2; echo $$; exit 3')
  expect(result).toEqual({
    code: 3,
    signal: null,
    stdout: Buffer.from(`out\n${result.pid}\n`),
    stderr: Buffer.from('error\n'),
    pid: result.pid,
    durationMs: expect.any(Number),
  })
  expect(result.durationMs).toBeGreaterThan(0)
})

test.each([0, 1, 127, 255])('code %i is a result', async (code) => {
  expect(await sh(`exit ${code}`)).toMatchObject({ code, signal: null })
})

test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT', 'SIGUSR1', 'SIGPIPE'] as const)(
  'a program that %s ends has that signal and no code',
  async (signal) => {
    const script = `kill -${signal.slice(3)} $$`
    expect(await run('sh', ['-c', script], { env: plainEnvironment })).toMatchObject({ code: null, signal })
  },
)

test('with check, what does not end with code 0 is an error that quotes its last words and has the result', async () => {
  const error = await failureOf(() => run('sh', ['-c', 'echo a; echo b >&2; exit 9'], { check: true }))
  expect(error).toBeInstanceOf(ExitError)
  expect(error).toMatchObject({ code: 'EXIT', message: 'sh ended with code 9: b' })
  expect((error as ExitError).result).toMatchObject({ code: 9, stdout: Buffer.from('a\n') })
  expect(Object.keys(error as object)).not.toContain('result')
  expect(await failureOf(() => run('sh', ['-c', 'kill $$'], { check: true }))).toMatchObject({
    message: 'sh ended with signal SIGTERM',
  })
  expect(await run('true', [], { check: true })).toMatchObject({ code: 0 })
})

test('no character of an argument means anything', async () => {
  const args = ['; echo broken', '$HOME', '*', '`id`', '', 'a b', "'", '"', '\\', '\n', '-', 'ü€𝄞']
  const { stdout } = await run('printf', ['%s\\0', ...args])
  expect(String(stdout).split('\0').slice(0, -1)).toEqual(args)
})

test('with shell the command is a script, and the arguments are its parameters', async () => {
  const { stdout } = await run('for word; do echo "[$word]"; done | tac', ['a b', '; $HOME'], { shell: true })
  expect(String(stdout)).toBe('[; $HOME]\n[a b]\n')
  expect(await run('exit 4', [], { shell: true })).toMatchObject({ code: 4 })
})

test('argv0 is the name that the program sees', async () => {
  const { stdout } = await run('sh', ['-c', 'cat /proc/$$/cmdline | tr "\\0" "\\n" | head -n 1'], {
    argv0: 'other',
  })
  expect(String(stdout)).toBe('other\n')
})

test('the environment is this one, or the given one alone', async () => {
  process.env.SHRAPNEL_TEST_VARIABLE = 'ü = x'
  try {
    expect(String((await run('printenv', ['SHRAPNEL_TEST_VARIABLE'])).stdout)).toBe('ü = x\n')
    const env = { ONE: '1', EMPTY: '', NONE: undefined }
    expect(String((await run('/usr/bin/env', [], { env })).stdout)).toBe('ONE=1\nEMPTY=\n')
    expect(String((await run('/usr/bin/env', [], { env: {} })).stdout)).toBe('')
  } finally {
    delete process.env.SHRAPNEL_TEST_VARIABLE
  }
})

test('a program starts in the given folder, and a path as command is meant from there', async () => {
  const path = realpathSync(folder.path)
  expect(String((await run('pwd', [], { cwd: path })).stdout)).toBe(`${path}\n`)
  writeFileSync(join(path, 'here'), '#!/bin/sh\necho "here $1"\n', { mode: 0o755 })
  expect(String((await run('./here', ['x'], { cwd: path })).stdout)).toBe('here x\n')
  expect(String((await run('here', ['y'], { cwd: path, env: { PATH: '/nowhere:' } })).stdout)).toBe(
    'here y\n',
  )
})

test('without input there is none', async () => {
  expect(await run('cat')).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
  expect(await run('cat', [], { input: '' })).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
})

test('4 MB of input go through a program while it writes', async () => {
  const bytes = patterned(4 * 1024 * 1024)
  const { stdout } = await run('cat', [], { input: bytes })
  expect(digest(stdout)).toBe(digest(bytes))
})

test('input may be text, a stream, or whatever is iterated', async () => {
  const text = 'text ü'
  const [near, far] = memoryStreamPair()
  const sending = spawn(async () => {
    await far.sendv(['tex', 't ü'])
    await far.shutdown()
  })
  async function* blocks() {
    yield 'text'
    yield Buffer.from(' ü')
  }
  for (const input of [text, Buffer.from(text), near, blocks()]) {
    expect(String((await run('cat', [], { input })).stdout)).toBe(text)
  }
  await sending.join()
})

test('a program that reads none or some of its input is no failure, and an iterable is told that it is over', async () => {
  expect(await run('true', [], { input: patterned(1_000_000) })).toMatchObject({ code: 0 })
  expect(await run('head', ['-c', '5'], { input: 'x'.repeat(1_000_000) })).toMatchObject({
    stdout: Buffer.from('xxxxx'),
  })
  let isReturned = false
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(100_000)
    } finally {
      isReturned = true
    }
  }
  expect(await run('true', [], { input: endless() })).toMatchObject({ code: 0 })
  expect(isReturned).toBe(true)
})

test('a program that ends does not wait for input that never comes', async () => {
  const [near, far] = memoryStreamPair()
  expect(await run('true', [], { input: near })).toMatchObject({ code: 0 })
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  expect(await run('true', [], { input: never })).toMatchObject({ code: 0 })
  await far.send('still there')
  expect(String(await near.recv())).toBe('still there')
})

test('input that fails is the failure, and ends the program', async () => {
  async function* failing() {
    yield 'x'
    throw new Error('no more')
  }
  expect(await failureOf(() => run('cat', [], { input: failing() }))).toMatchObject({ message: 'no more' })
  const wrong = (async function* () {
    yield 5 as unknown as string
  })()
  expect(await failureOf(() => run('cat', [], { input: wrong }))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  })
  expect(zombies()).toEqual([])
})

test('two outputs that take turns are both whole', async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do echo "out $i"; echo "error $i" >&2; i=$((i+1)); done'
  const { stdout, stderr } = await sh(script)
  const lines = (word: string) => Array.from({ length: 2000 }, (_, i) => `${word} ${i}\n`).join('')
  expect(String(stdout)).toBe(lines('out'))
  expect(String(stderr)).toBe(lines('error'))
})

test('5 MB written to one output while the other is silent arrive whole', async () => {
  const { stdout, stderr } = await sh('yes | head -c 5000000 >&2')
  expect([stdout.length, stderr.length]).toEqual([0, 5_000_000])
})

test('output as long as the limit is a result, one byte more is LIMIT', async () => {
  const write = (count: number, maxOutputBytes: number, to: 1 | 2) =>
    run('sh', ['-c', `yes | head -c ${count} >&${to}`], { maxOutputBytes })
  for (const limit of [0, 1, 5000, 100_000]) {
    expect((await write(limit, limit, 1)).stdout).toHaveLength(limit)
    expect(await failureOf(() => write(limit + 1, limit, 1))).toMatchObject({
      code: 'LIMIT',
      limit: 'maxOutputBytes',
      message: `the standard output of sh is longer than maxOutputBytes (${limit})`,
    })
  }
  expect(await failureOf(() => write(11, 10, 2))).toMatchObject({
    message: 'the standard error of sh is longer than maxOutputBytes (10)',
  })
})

test('programs run beside each other', async () => {
  const results = await inParallel(
    Array.from({ length: 20 }, (_, i) => async () => await run('cat', [], { input: `${i}` })),
  )
  expect(results.map(({ stdout }) => String(stdout))).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
  expect(new Set(results.map(({ pid }) => pid)).size).toBe(20)
})
