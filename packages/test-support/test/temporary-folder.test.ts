import { existsSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../src/temporary-folder.js'

test('a temporary folder is private, and gone with all that is in it when it is disposed of', async () => {
  let path: string
  {
    await using folder = await temporaryFolder()
    path = folder.path
    expect(statSync(path).mode & 0o777).toBe(0o700)
    await mkdir(join(path, 'deep/er'), { recursive: true })
    await writeFile(join(path, 'deep/er/file'), 'x')
  }
  expect(existsSync(path)).toBe(false)
})

test('two temporary folders are two', async () => {
  await using one = await temporaryFolder()
  await using other = await temporaryFolder()
  expect(one.path).not.toBe(other.path)
})

test('removing twice does no harm', async () => {
  const folder = await temporaryFolder()
  await folder.remove()
  await folder.remove()
  expect(existsSync(folder.path)).toBe(false)
})
