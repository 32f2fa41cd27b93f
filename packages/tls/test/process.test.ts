/** The addon from outside: worker threads, and what the collector finds. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { house } from './house.js'

const here = house()
const program = (name: string, nodeArgs: string[] = [], args: string[] = []) =>
  runProgram(new URL(`programs/${name}.mjs`, import.meta.url), {
    args: [here.server.cert, here.server.key, here.client.ca, ...args],
    nodeArgs,
    timeoutMs: 50_000,
  })

test('each worker thread has a TLS of its own, and may be terminated in the middle', async () => {
  const { code, stdout, stderr } = await program('workers')
  expect(stderr).toBe('')
  expect([code, stdout]).toEqual([0, '3\n'])
}, 60_000)

test('worker threads may come and go: what OpenSSL was told by the first still holds after the last', async () => {
  const { code, stdout, stderr } = await program('comes-and-goes', ['--expose-gc'])
  expect(stderr).toBe('')
  expect([code, stdout]).toEqual([0, '4\n'])
}, 60_000)

test('a connection that was forgotten while open gives its native memory back', async () => {
  const { code, stdout, stderr } = await program('forgets', ['--expose-gc'])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  // The last ones may still be in a register.
  expect(Number(stdout)).toBeLessThan(5)
}, 60_000)

test('thousands of handshakes, some broken off, leave no memory and no descriptor behind', async () => {
  const count = process.env.SHRAPNEL_SLOW === undefined ? 3000 : 1000
  const { code, stdout, stderr } = await program('many-handshakes', ['--expose-gc'], [String(count)])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const left = JSON.parse(stdout)
  expect(left).toMatchObject({ descriptors: 0, engines: 0 })
  // What malloc keeps is some 10 MB, however many there were.
  expect(left.grownBytes).toBeLessThan(20_000_000)
}, 60_000)

test.each([
  ['open', ''],
  ['accepted from', 'held\n'],
  ['accepted from by a daemon', ''],
  ['in a loop', 'held\n'],
  ['closed while accepted from', ''],
  ['in a handshake', ''],
])(
  'a listener that is %s keeps the process alive if the core’s does, and only then',
  async (how, said) => {
    for (const kind of ['tcp', 'tls']) {
      const { code, stdout, stderr } = await program('idles', [], [kind, how])
      expect({ kind, code, stdout, stderr }).toEqual({ kind, code: 0, stdout: said, stderr: '' })
    }
  },
  60_000,
)

test('a program that ends by setExit with TLS connections and handshakes open ends at once, and in order', async () => {
  const { code, stdout, stderr, durationMs } = await program('exits')
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  expect(stdout.trimEnd().split('\n').sort()).toEqual([
    'sender ends',
    'session ends',
    'session ends',
    'session ends',
    'session ends',
  ])
  expect(durationMs).toBeLessThan(8000)
}, 60_000)
