/** Every server that can run here gives the same file, whole and as often as it is asked. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { NGINX, NODE_HTTP, OURS_SENDFILE, READ_AND_WRITE } from '../src/file-servers.js'
import { fetchFile } from '../src/load.js'
import { buildNative } from '../src/native-build.js'
import { withSampleFile } from '../src/sample-file.js'
import { withServers } from '../src/server-process.js'

/** Several turns of any of them, and no multiple of a block. */
const FILE_BYTES = 12_345_678

beforeAll(() => buildNative(), 60_000)

/** The first three must be there; nginx where it is installed. */
const kinds = [OURS_SENDFILE, READ_AND_WRITE, NODE_HTTP].concat(NGINX.command('file') ? [NGINX] : [])

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe.each(kinds)('$name', (kind) => {
  test('gives the bytes of the file', async () => {
    await withSampleFile(FILE_BYTES, (path) =>
      withServers([kind], path, async (servers) => {
        const answer = await fetch(`http://127.0.0.1:${servers.get(kind.name)?.port}/file`)
        expect(answer.headers.get('content-length')).toBe(String(FILE_BYTES))
        expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(await readFile(path)))
      }),
    )
  })

  test('gives it again on the same connection, to many at once, and says what that cost', async () => {
    await withSampleFile(FILE_BYTES, (path) =>
      withServers([kind], path, async (servers) => {
        const server = servers.get(kind.name)
        const cpuUsBefore = server?.cpuUs() ?? 0
        const { bodyBytes } = await fetchFile(server?.port ?? 0, { connections: 4, requests: 3 })
        expect(bodyBytes).toBe(12 * FILE_BYTES)
        expect(server?.cpuUs()).toBeGreaterThan(cpuUsBefore)
      }),
    )
  })
})

test('the file to be served is gone when it is not needed any more, whatever happened', async () => {
  let folder = ''
  const used = withSampleFile(10, async (path) => {
    folder = dirname(path)
    expect(await readFile(path)).toHaveLength(10)
    throw new Error('enough')
  })
  await expect(used).rejects.toThrow('enough')
  expect(existsSync(folder)).toBe(false)
})
