/** Programs that cannot be started: `run` and `start` say why, at once, and nothing is left. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunOptions, run, start } from '../../src/index.js'
import { failureOf } from '../net/connections.js'
import { zombies } from './children.js'

let folder: string
let remove: () => Promise<void>

beforeAll(async () => {
  const temporary = await temporaryFolder()
  folder = temporary.path
  remove = () => temporary.remove()
  for (const [name, content, mode] of [
    ['script', '#!/bin/sh\necho "$0"\n', 0o755],
    ['forbidden', '#!/bin/sh\n', 0o644],
    ['text', 'neither\n', 0o755],
    ['orphan', '#!/no/such/interpreter\n', 0o755],
  ] as const) {
    writeFileSync(join(folder, name), content, { mode })
  }
  for (const name of ['first', 'second', 'first/tool', 'third']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'second/tool'), '#!/bin/sh\n', { mode: 0o644 })
  writeFileSync(join(folder, 'third/tool'), '#!/bin/sh\necho third\n', { mode: 0o755 })
})
afterAll(() => remove())

interface Row {
  readonly command: string
  readonly options?: RunOptions
  readonly code: string
  readonly sentence: string
}

const rows: Record<string, () => Row> = {
  'a name that no folder of the PATH has': () => ({
    command: 'no-such-tool',
    options: { env: { PATH: '/bin:/nowhere' } },
    code: 'ENOENT',
    sentence: 'command not found: no-such-tool (looked in PATH: /bin:/nowhere)',
  }),
  'a name where there is no PATH': () => ({
    command: 'no-such-tool',
    options: { env: {} },
    code: 'ENOENT',
    sentence: 'command not found: no-such-tool (looked in PATH: /bin:/usr/bin)',
  }),
  'a path to nothing': () => ({
    command: `${folder}/nothing`,
    code: 'ENOENT',
    sentence: `command not found: ${folder}/nothing`,
  }),
  'a relative path to nothing': () => ({
    command: './nothing',
    options: { cwd: folder },
    code: 'ENOENT',
    sentence: `command not found: ./nothing (in ${folder})`,
  }),
  'a file that may not be run': () => ({
    command: `${folder}/forbidden`,
    code: 'EACCES',
    sentence: `cannot run ${folder}/forbidden: permission denied`,
  }),
  'a folder': () => ({
    command: folder,
    code: 'EACCES',
    sentence: `cannot run ${folder}: it is a directory`,
  }),
  'nothing but files that may not be run': () => ({
    command: 'tool',
    options: { env: { PATH: `${folder}/second:${folder}/first` } },
    code: 'EACCES',
    sentence: `cannot run ${folder}/second/tool: permission denied`,
  }),
  'a text': () => ({
    command: `${folder}/text`,
    code: 'ENOEXEC',
    sentence: `cannot run ${folder}/text: it is neither a program for this machine nor a script that begins with #!`,
  }),
  'a script without its interpreter': () => ({
    command: `${folder}/orphan`,
    code: 'ENOENT',
    sentence: `cannot run ${folder}/orphan: the interpreter that it asks for does not exist`,
  }),
  'a path through a file': () => ({
    command: `${folder}/text/tool`,
    code: 'ENOTDIR',
    sentence: `spawn ENOTDIR ${folder}/text/tool: not a directory`,
  }),
  'a working directory that is not there': () => ({
    command: 'true',
    options: { cwd: `${folder}/nowhere` },
    code: 'ENOENT',
    sentence: `cannot start true: the working directory ${folder}/nowhere does not exist`,
  }),
  'a working directory that is a file': () => ({
    command: 'true',
    options: { cwd: `${folder}/text` },
    code: 'ENOTDIR',
    sentence: `cannot start true: the working directory ${folder}/text is not a directory`,
  }),
}

test.each(Object.keys(rows))('%s is refused in a sentence', async (name) => {
  const { command, options = {}, code, sentence } = (rows[name] as () => Row)()
  const expected = { code, syscall: 'spawn', message: sentence, errno: expect.any(Number) }
  expect(await failureOf(() => run(command, [], options))).toMatchObject(expected)
  expect(() => start(command, [], options)).toThrow(expect.objectContaining(expected))
})

test('the first file that may be run is, whatever of that name comes before it in the PATH', async () => {
  const PATH = ['first', 'second', 'third'].map((name) => join(folder, name)).join(':')
  expect(String((await run('tool', [], { env: { PATH } })).stdout)).toBe('third\n')
})

test('a relative folder of the PATH is meant from the working directory', async () => {
  expect(String((await run('tool', [], { cwd: folder, env: { PATH: 'nowhere:third' } })).stdout)).toBe(
    'third\n',
  )
})

test('a descriptor that is not open is named', () => {
  for (const options of [{ stdin: 4321 }, { descriptors: [0, 4321] }, { stdout: { fd: 4321 } }]) {
    expect(() => start('true', [], options)).toThrow(
      expect.objectContaining({
        code: 'EBADF',
        message: 'cannot start true: descriptor 4321, which it is to get, is not open',
      }),
    )
  }
})

test('arguments longer than the system takes are E2BIG', () => {
  const args = Array.from({ length: 100 }, () => 'x'.repeat(120_000))
  expect(() => start('true', args)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
})

test('what was refused leaves no descriptor and no process', async () => {
  await expectNoDescriptorLeak(async () => {
    for (let round = 0; round < 20; round++) {
      expect(() => start(`${folder}/text`)).toThrow()
      expect(() => start('true', [], { descriptors: [4321] })).toThrow()
      await failureOf(() => run('no-such-tool', [], { input: 'x' }))
    }
  })
  expect(zombies()).toEqual([])
})
