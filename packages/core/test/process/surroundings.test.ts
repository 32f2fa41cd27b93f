/** The core in its surroundings: other systems, a missing addon, Node's own libraries, limits of the process. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const programs = new URL('../programs/', import.meta.url)

test('on Windows the import fails with one clear sentence', async () => {
  const { code, stdout, stderr } = await runProgram(new URL('imports.mjs', programs), {
    args: ['on Windows'],
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^@shrapnel\/core runs on Linux, macOS and the BSDs: .*\n$/)
})

test('an addon that is not there is an error that names it', async () => {
  const path = '/nowhere/at-all.node'
  const { code, stdout, stderr } = await runProgram(new URL('imports.mjs', programs), {
    env: { SHRAPNEL_CORE_ADDON: path },
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(path)
})

test('coroutines live beside files, timers, sockets, servers and fetch of Node itself', async () => {
  const { code, stdout, stderr } = await runProgram(new URL('beside-node.mjs', programs))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    echo: 200,
    file: 200,
    net: 200,
    http: 20,
    timer: 20,
    immediate: 200,
    aborted: 1,
  })
})

test('a server without descriptors keeps serving, lets clients wait, and goes on when one frees', () => {
  const command = `ulimit -n 256 && exec "${process.execPath}" "${fileURLToPath(new URL('exhausted.mjs', programs))}"`
  const output = execFileSync('sh', ['-c', command], { encoding: 'utf8', timeout: 8000 })
  expect(output.trimEnd().split('\n')).toEqual([
    'open sessions 1 serving true',
    'first answered true',
    'EMFILE',
    'EMFILE',
    'EMFILE',
    'second answered true',
    'open sessions 1',
    'third answered true',
    'idle while exhausted true',
    'INTERRUPTED',
    'left 0',
  ])
})
