/** The addon from outside: worker threads, and what the collector finds. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { house } from './house.js'

const here = house()
const program = (name: string, nodeArgs: string[] = []) =>
  runProgram(new URL(`programs/${name}.mjs`, import.meta.url), {
    args: [here.server.cert, here.server.key, here.client.ca],
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
