import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))

// What is left out of them is missed only by who checks the declarations of libraries, too.
test('the declarations are right by themselves', async () => {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin',
    'tsc',
  )
  const options =
    '--ignoreConfig --noEmit --strict --skipLibCheck false --target es2022 --lib es2023,esnext.disposable'
  const { code, stdout } = await runProgram(compiler, {
    cwd: join(here, '..'),
    args: [
      ...options.split(' '),
      '--module',
      'nodenext',
      '--types',
      'node',
      'dist/index.d.ts',
      'dist/wire/index.d.ts',
    ],
    timeoutMs: 60_000,
  })
  expect([code, stdout]).toEqual([0, ''])
}, 60_000)
