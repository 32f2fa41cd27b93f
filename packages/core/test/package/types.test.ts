/** The declarations, as a program sees them that checks its libraries too. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the declarations compile without skipLibCheck', () => {
  const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
  const files = [path('dist/index.d.ts'), path('dist/parts.d.ts'), path('dist/testing.d.ts')]
  const lib = ['--lib', 'es2023,esnext.disposable', '--skipLibCheck', 'false', '--ignoreConfig']
  const tsc = path('node_modules/typescript/bin/tsc')
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, ...lib, ...files], {
    encoding: 'utf8',
    cwd: path('.'),
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
}, 30_000)
