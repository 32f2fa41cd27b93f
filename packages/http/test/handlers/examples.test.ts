/** The examples of handlers are run. */
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

test.each([
  ['router', 'hello\n201 /api/users/2 {"id":"2","name":"Grace"}\n{"id":"2","name":"Grace"}\n'],
  ['sessions', '3 more\n9 less\n7 right, after 3\n'],
  ['authentication', '401 Digest realm="Lab", qop="auth", algorithm=\n200 hello ada\n'],
  [
    'json-rpc',
    '1 100\n2 {"code":1,"message":"no such account","data":{"name":"eve"}}\n3 6\n4 {"code":-32602,"message":"Invalid params"}\n',
  ],
  ['events', 'data: tick 2\ndata: tick 3\n'],
  ['status-page', 'night watch waits on sleep for ever\n'],
])('the example %s says what it is to say, and ends by itself', async (name, said) => {
  const program = fileURLToPath(new URL(`../../examples/dist/${name}.js`, import.meta.url))
  const { code, stdout, stderr } = await runProgram(program)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: said, stderr: '' })
})
