/** What a watcher opens: it is closed again, and opening it does nothing to the files. */
import { execFileSync } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expectNoDescriptorLeak, runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { unix, watch } from '../../src/index.js'
import { native } from '../../src/native.js'
import { Place, Sight } from './sight.js'

const program = new URL('../programs/watch-descriptors.mjs', import.meta.url)
/** Where the kernel watches by descriptor, each file takes one. */
const takesOneEach = native.watchKind() === 'vnode'

test('a watcher that is closed leaves no descriptor, whatever came and went before', async () => {
  using place = new Place()
  place.mkdir('a/b')
  place.write('a/b/f')
  place.write('g')
  await expectNoDescriptorLeak(async () => {
    const watcher = watch(place.top, { recursive: true })
    const sight = new Sight(watcher, place.top)
    place.mkdir('c')
    place.write('c/f')
    place.rename('a/b', 'c/b')
    place.remove('a')
    place.rename('g', '../outside/g')
    await sight.everything(place)
    place.rename('c', 'a')
    place.rename('../outside/g', 'g')
    await sight.everything(place)
    watcher.close()
    for (const name of ['fence-1', 'fence-2', 'a/f']) place.remove(name)
  })
})

test('a watcher that cannot be made leaves no descriptor', async () => {
  using place = new Place()
  await expectNoDescriptorLeak(() => {
    expect(() => watch(place.at('missing'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})

test('a watcher does not read from a FIFO that it watches', async () => {
  using place = new Place()
  execFileSync('mkfifo', [place.at('before')])
  using watcher = watch(place.top)
  const sight = new Sight(watcher, place.top)
  execFileSync('mkfifo', [place.at('after')])
  await sight.expect(['create after'])
  for (const name of ['before', 'after']) {
    expect(() => openSync(place.at(name), constants.O_WRONLY | constants.O_NONBLOCK)).toThrow(
      expect.objectContaining({ code: 'ENXIO' }),
    )
  }
  place.rename('before', 'later')
  await sight.expect(['rename before > later'])
  place.remove('after')
  await sight.expect(['delete after'])
  expect(sight.strays).toEqual([])
})

test('a socket in a folder is an entry as any other', async () => {
  using place = new Place()
  using watcher = watch(place.top)
  const sight = new Sight(watcher, place.top)
  const listener = unix.listen({ path: place.at('s') })
  await sight.expect(['create s'])
  listener.close()
  await sight.expect(['delete s'])
})

test('a process that runs out of descriptors is told so by name and with the limit, and goes on', () => {
  const command = `ulimit -n 256 && exec "${process.execPath}" "${fileURLToPath(program)}" few`
  const output = execFileSync('sh', ['-c', command], { encoding: 'utf8', timeout: 8_000 })
  const expected = takesOneEach
    ? ['begins', 'EMFILE open true true', 'left open 0', 'modify', 'EMFILE open true', 'left open 0']
    : ['begins', 'watched', 'left open 0', 'modify', 'watched', 'left open 0']
  expect(output.trimEnd().split('\n')).toEqual(expected)
})

test('a thread that ends while it watches leaves no descriptor', async () => {
  const { code, stdout, stderr } = await runProgram(program, {
    args: ['threads that end'],
    timeoutMs: 30_000,
  })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'left open 0\n', stderr: '' })
}, 40_000)
