/** Where inotify(7) has limits: they are reached, in user namespaces of their own, and said by name. Linux alone. */
import { readFileSync } from 'node:fs'
import { constants as os } from 'node:os'
import { expectNoDescriptorLeak, runProgram } from '@shrapnel/test-support'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { watch } from '../../src/index.js'
import { native } from '../../src/native.js'
import { failureOf } from '../net/connections.js'
import { nextOf, Place, Sight } from './sight.js'

const program = new URL('../programs/watches.mjs', import.meta.url)
/** The addon as the package has it, whichever the tests run on. */
const env = native.watchKind() === 'inotify' ? {} : { SHRAPNEL_CORE_ADDON: undefined }

test('a user that has no watches or watchers left gets an error that names the limit', async () => {
  const limits =
    'echo 4 > /proc/sys/user/max_inotify_watches && echo 2 > /proc/sys/user/max_inotify_instances'
  const { stdout, stderr, code } = await runProgram(program, {
    nodePath: 'unshare',
    nodeArgs: ['-Ur', 'sh', '-c', `${limits} && exec "$0" "$@"`, process.execPath],
    args: ['meets the limits'],
    env,
  })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      /^ENOSPC inotify_add_watch .* ENOSPC \/a\/b\/c\/d: .*: fs\.inotify\.max_user_watches is #, to raise it: sysctl -w fs\.inotify\.max_user_watches=#$/,
    ),
    'create /a/b/c',
    'create /a/b/c/d',
    'ENOSPC /a/b/c/d true',
    expect.stringMatching(
      /^EMFILE inotify_init\d inotify_init# EMFILE : .*: fs\.inotify\.max_user_instances is #, to raise it: /,
    ),
  ])
})

test('a folder that may not be read cannot be watched; one below is seen when it may', async () => {
  const { stdout, stderr, code } = await runProgram(program, { args: ['may not read everything'], env })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout.split('\n')).toEqual([
    'EACCES inotify_add_watch inotify_add_watch EACCES /a: permission denied',
    'attrib /a, create /a/b',
    '/a/b/f',
    'goes on',
    '',
  ])
})

// What follows speaks to the addon of this process.
if (native.watchKind() === 'inotify') {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  describe('the queue of the kernel', () => {
    test('overflows, which is told, and nothing is lost after it', { timeout: 30_000 }, async () => {
      using place = new Place()
      const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'))
      using watcher = watch(place.top, { recursive: true, maxQueuedEvents: 4 * most })
      const sight = new Sight(watcher, place.top)
      place.mkdir('d')
      // Two records each.
      for (let i = 0; i < most / 2 + 10; i++) {
        place.rename('d', '../outside/d')
        place.rename('../outside/d', 'd')
      }
      place.mkdir('late/a')
      let records = 0
      while ((await sight.next()) !== 'overflow .') records++
      expect(records).toBe(most)
      expect(await sight.everything(place)).toEqual([])
      place.write('late/a/f')
      await sight.expect(['create late/a/f'])
    })

    test('whose records make no sense ends the watcher, and says so', async () => {
      using place = new Place()
      await expectNoDescriptorLeak(async () => {
        const watcher = watch(place.top)
        vi.spyOn(native, 'watchRead').mockImplementation((_, buffer) => {
          buffer.fill(0xff, 0, 20)
          return 20
        })
        place.write('f')
        expect(await failureOf(() => nextOf(watcher))).toMatchObject({ code: 'MALFORMED' })
        expect(await failureOf(() => watcher.next())).toMatchObject({ code: 'MALFORMED' })
        expect(watcher.isClosed).toBe(true)
      })
    })

    test('that cannot be read ends a loop with its error', async () => {
      using place = new Place()
      vi.spyOn(native, 'watchRead').mockReturnValue(-os.errno.EIO)
      place.write('f')
      const loop = async (): Promise<void> => {
        for await (const event of watch(place.top)) expect(event).toBe('never')
      }
      place.write('g')
      const failing = failureOf(loop)
      place.write('h')
      expect(await failing).toMatchObject({ code: 'EIO', syscall: 'read' })
    })
  })

  test('a folder that vanishes while it is watched or read is passed over, and told of by its parent', async () => {
    using place = new Place()
    using watcher = watch(place.top, { recursive: true })
    const sight = new Sight(watcher, place.top)
    const add = native.watchAdd
    const spy = vi.spyOn(native, 'watchAdd')
    for (const [name, times] of [
      ['watched', 1],
      ['read', 2],
    ] as const) {
      place.mkdir(`${name}/x`)
      for (let i = 1; i < times; i++) spy.mockImplementationOnce(add)
      spy.mockImplementationOnce((...args) => {
        place.rename(name, `${name}-away`)
        return add(...args)
      })
      await sight.expect([`create ${name}`, `rename ${name} > ${name}-away`, `create ${name}-away/x`])
    }
    await sight.nothing(place)
    expect(sight.strays).toEqual([])
  })

  test('a folder that becomes another while it is watched is told of as it is', async () => {
    using place = new Place()
    using watcher = watch(place.top, { recursive: true })
    const sight = new Sight(watcher, place.top)
    const add = native.watchAdd
    vi.spyOn(native, 'watchAdd').mockImplementationOnce((...args) => {
      place.rename('a', 'b')
      place.mkdir('a/new')
      return add(...args)
    })
    place.mkdir('a/old')
    await sight.expect([
      'create a',
      'create a/new',
      'rename a > b',
      'create a',
      'delete b',
      'create a/new',
      'create b',
      'create b/old',
    ])
    place.write('a/new/f')
    place.write('b/old/f')
    await sight.expect(['create a/new/f', 'create b/old/f'])
    await sight.nothing(place)
    expect(sight.strays).toEqual([])
  })
}
