import { all } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { openHouse, runScript, visit, visitRaw } from './house.js'
import { PROMPT } from './visitor.js'

test('two sessions share neither variables nor results nor output', async () => {
  const { unixPath } = await openHouse()
  const one = await visitRaw(unixPath)
  const other = await visitRaw(unixPath)
  await one.asks("var secret = 'of one'; console.log('printed by one'); secret\r", `'of one'\r\n${PROMPT}`)
  expect(await other.asks('typeof secret\r', PROMPT)).toContain("'undefined'")
  expect(await other.asks('_ === undefined\r', PROMPT)).toContain('false')
  expect(other.text).not.toContain('of one')
  expect(other.text).not.toContain('printed by one')
})

test('what one session starts prints there and nowhere else, whoever types meanwhile', async () => {
  const { unixPath } = await openHouse()
  const one = await visitRaw(unixPath)
  const other = await visitRaw(unixPath)
  await one.asks(
    "void coro.spawn(async () => { await coro.sleep(20); console.log('from a coroutine') })\r",
    PROMPT,
  )
  await one.asks("void setImmediate(() => console.error('from an immediate'))\r", PROMPT)
  await other.asks('await coro.sleep(60); 1\r', `\r\n1\r\n${PROMPT}`)
  await one.sees('from a')
  await one.sees('from a')
  expect(other.text).not.toContain('from a')
})

test('one session that waits does not keep another from its answer', async () => {
  const { unixPath } = await openHouse()
  const one = await visitRaw(unixPath)
  await one.asks('await coro.sleep(1e9)\r', '1e9)\r\n')
  expect(await runScript(unixPath, '40 + 2\n')).toBe('42\n> ')
})

test('the context may be made for each session, and its getters stay alive', async () => {
  let counter = 0
  const { unixPath } = await openHouse({
    context: (session) => ({
      me: session.name,
      get count() {
        return ++counter
      },
    }),
  })
  const text = await runScript(unixPath, 'me === coro.current().name\ncount\ncount\n')
  expect(text).toBe('true\n> 1\n> 2\n> ')
  expect(await runScript(unixPath, 'count\n')).toBe('3\n> ')
})

test('a session is a daemon coroutine with a name and a place in whereAll', async () => {
  const server = await openHouse()
  const visitor = await visit(server.unixPath)
  const [session] = server.sessions
  expect(session?.coroutine).toMatchObject({ name: session?.name, isDaemon: true })
  expect(session?.name).toBe(`backdoor session ${session?.id}`)
  expect([session?.kind, session?.remoteAddress]).toEqual(['undecided', undefined])
  await visitor.asks('await coro.sleep(1e9)\r', '\r\n')
  expect(session?.kind).toBe('raw')
  expect(session?.coroutine.waitingOn).toContain('sleep')
})

test('a session over TCP knows where its visitor comes from', async () => {
  const server = await openHouse({ port: 0, telnet: false })
  const visitor = await visit(server.port ?? 0)
  expect(server.sessions[0]?.remoteAddress).toBe(`127.0.0.1:${visitor.socket.localPort}`)
})

test('coroutine locals are the same from line to line', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(
    unixPath,
    'const local = new coro.CoroutineLocal(); local.set(7)\nawait coro.yieldSlice(); local.get()\n',
  )
  expect(text.endsWith('7\n> ')).toBe(true)
})

test('shutting a session down ends what it waits for, says so to the visitor, and closes the connection', async () => {
  const server = await openHouse()
  const visitor = await visitRaw(server.unixPath)
  await visitor.asks("try { await coro.sleep(1e9) } finally { console.log('cleaned up') }\r", '}\r\n')
  const [session] = server.sessions
  session?.coroutine.shutdown()
  await visitor.closed
  await expect(session?.coroutine.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
  expect(visitor.text).toContain('The session was shut down.\r\n')
  expect(server.sessions).toEqual([])
  expect(all().filter(({ name }) => name.startsWith('backdoor session'))).toEqual([])
})

test('a session may shut itself down', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(unixPath, 'coro.current().shutdown()\n1 + 1\n')
  expect(text).toContain('The session was shut down.')
})

test('coroutines are shown by what they wait for, alone and in lists, and whereAll as text', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(
    unixPath,
    'coro.current()\ncoro.all()\ncoro.whereAll()\n[]\n({ toString() { return 1 } })\n',
  )
  const [current, list, tree, empty, other] = text.split('\n> ')
  expect(current).toMatch(/^\d+ backdoor session \d+ \[daemon\]: running$/)
  expect(list).toMatch(
    /^\d+ backdoor on .*: accept .*\n(?:.*\n)*\d+ backdoor session \d+ \[daemon\]: running\n/,
  )
  expect(tree).toMatch(/^0 main.*\n {2}\d+ backdoor on /)
  expect(empty).toBe('[]')
  expect(other).toContain('toString')
})

test('a value that cannot be shown says so and harms nobody', async () => {
  const { unixPath } = await openHouse()
  const line = "({ [require('util').inspect.custom]() { throw new Error('no') } })\n"
  expect(await runScript(unixPath, `${line}1\n`)).toBe('[a value that cannot be shown: no]\n> 1\n> ')
})
