import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram, temporaryFolder } from '@shrapnel/test-support'
import { expect, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 })

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
const options = [
  ...'--ignoreConfig --noEmit --strict --skipLibCheck false --target es2022'.split(' '),
  ...'--lib es2023,esnext.disposable --module nodenext --types node'.split(' '),
]

async function complaintsOf(cwd: string, ...files: string[]): Promise<[number | null, string]> {
  const { code, stdout } = await runProgram(compiler, {
    cwd,
    args: [...options, ...files],
    timeoutMs: 60_000,
  })
  return [code, stdout]
}

// What is left out of them is missed only by who checks the declarations of libraries, too.
test('the declarations are right by themselves', async () => {
  expect(await complaintsOf(root, 'dist/index.d.ts', 'dist/wire/index.d.ts')).toEqual([0, ''])
})

test('the declarations are right where the package for TLS is not installed', async () => {
  await using folder = await temporaryFolder()
  const modules = join(folder.path, 'node_modules')
  for (const scope of ['@shrapnel/http', '@types']) mkdirSync(join(modules, scope), { recursive: true })
  for (const part of ['package.json', 'dist'])
    cpSync(join(root, part), join(modules, '@shrapnel/http', part), { recursive: true })
  for (const name of ['@shrapnel/core', '@types/node'])
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(
    join(folder.path, 'app.mts'),
    `import { client, serve } from '@shrapnel/http'
     const server = await serve({ port: 0, tls: { cert: '', key: '' } }, ({ tls }) => ({ body: String(tls) }))
     const status: number = (await client.get(server.url)).status
     // @ts-expect-error: it is a number, and so what is no part of TLS has its type
     const text: string = status`,
  )
  expect(await complaintsOf(folder.path, 'app.mts')).toEqual([0, ''])
})
