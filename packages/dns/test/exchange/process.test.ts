/** What asking does to the process as a whole. */
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { LyingServer, reply } from './lying-server.js'

test('a connection that is kept for the next query does not keep the process alive', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  const program = fileURLToPath(new URL('../programs/asks-and-ends.mjs', import.meta.url))
  const { code, stdout, stderr } = await runProgram(program, { args: [server.address] })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1 0, 0 0\n', stderr: '' })
})
