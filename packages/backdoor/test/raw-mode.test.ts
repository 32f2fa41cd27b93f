import { Event } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { CONTINUED, openHouse, visit, visitRaw } from './house.js'
import { PROMPT, Visitor } from './visitor.js'

const UP = '\x1b[A'
const LEFT = '\x1b[D'
const TAB = '\t'
const END = '\x1b[F'

test('a key is echoed as soon as it is pressed', async () => {
  const { unixPath } = await openHouse()
  const visitor = await visit(unixPath)
  await visitor.asks('c', 'c')
  await visitor.asks('o', 'o')
  await visitor.asks('\x7f\x7f', '\x1b[1G\x1b[0J> \x1b[3G')
  await visitor.asks('42\r', `42\r\n42\r\n${PROMPT}`)
})

test('every line end is CR LF, of results, errors and what is printed alike', async () => {
  const { unixPath } = await openHouse()
  const visitor = await visitRaw(unixPath)
  await visitor.asks(
    "console.log('a\\nb'); [undefined].concat(Array(9).fill('some text to fill it'))\r",
    PROMPT,
  )
  await visitor.asks("throw new Error('x\\ny')\r", PROMPT)
  expect(visitor.text).not.toMatch(/[^\r]\n/)
  expect(visitor.text).not.toMatch(/\r\r/)
})

describe('completion', () => {
  test('of coro.wh gives where, and both names at the second tab', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks(`coro.wh${TAB}`, 'coro.where')
    expect(await visitor.asks(TAB, `${PROMPT.slice(0, -4)}coro.where\x1b[13G`)).toContain('coro.whereAll')
    const shown = await visitor.asks('All()\r', PROMPT)
    expect(shown).toContain('0 main')
    expect(shown).toMatch(/\d+ backdoor session \d+ \[daemon\]: running\r\n/)
  })

  test('knows what was declared at the prompt and what the context brought', async () => {
    const { unixPath } = await openHouse({ context: { brought: { alpha: 1 } } })
    const visitor = await visitRaw(unixPath)
    await visitor.asks('const declaredHere = 1\r', PROMPT)
    await visitor.asks(`declaredH${TAB}`, 'ere')
    await visitor.asks('\x03', PROMPT)
    await visitor.asks(`brought.al${TAB}`, 'pha')
  })

  test('does not happen for tabs within what is pasted', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    const shown = await visitor.asks("\tif (true) {\r\t\t'pasted'\r\t}\r", PROMPT)
    expect(shown).toContain("'pasted'\r\n")
    expect(shown.length).toBeLessThan(500)
  })
})

describe('editing', () => {
  test('keys that arrive together do what they do one by one', async () => {
    const { unixPath } = await openHouse({ context: { answer: 42 } })
    const visitor = await visitRaw(unixPath)
    expect(await visitor.asks(`answr${LEFT}e${END}\r`, PROMPT)).toContain('\r\n42\r\n')
    expect(await visitor.asks(`42${LEFT}${LEFT}1 + \r`, PROMPT)).toContain('\r\n43\r\n')
  })

  test('text pasted into the middle of a line stays there', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks("'ad'", "'ad'")
    await visitor.asks(`${LEFT}${LEFT}`, '\x1b[1D')
    expect(await visitor.asks('büc', 'bücd')).not.toContain('adb')
    await visitor.asks('\r', `'abücd'\r\n${PROMPT}`)
  })

  test('the arrow keys bring back what was typed', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks('1 + 1\r', PROMPT)
    await visitor.asks('2 + 2\r', PROMPT)
    await visitor.asks(`${UP}${UP}`, '> 1 + 1')
    await visitor.asks('\r', `\r\n2\r\n${PROMPT}`)
  })

  test('a character of several bytes may arrive in pieces', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    for (const byte of Buffer.from("'€😀'")) visitor.type(Uint8Array.of(byte))
    expect(await visitor.asks('.length\r', PROMPT)).toContain('\r\n3\r\n')
  })
})

describe('^C', () => {
  test('drops the line that is being typed', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks('throw 1', 'throw 1')
    await visitor.asks('\x03', PROMPT)
    await visitor.asks('2\r', `\r\n2\r\n${PROMPT}`)
  })

  test('drops code that goes on over several lines', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks('function f() {\r', CONTINUED)
    await visitor.asks('\x03', PROMPT)
    await visitor.asks('2\r', `\r\n2\r\n${PROMPT}`)
  })

  test('ends an await of a coroutine wait, and that wait', async () => {
    const ended: string[] = []
    const { unixPath } = await openHouse({ context: { ended } })
    const visitor = await visitRaw(unixPath)
    visitor.type("try { await coro.sleep(1e9) } finally { ended.push('finally') }\r")
    await visitor.sees('}\r\n')
    await visitor.asks('\x03', 'Uncaught Interrupted\r\n')
    await visitor.asks('ended\r', "[ 'finally' ]")
  })

  test('ends an await of a promise that never ends, and leaves what earlier lines have started alone', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks(
      'const going = new coro.Event(); void going.wait(); going.waiting\r',
      `\r\n1\r\n${PROMPT}`,
    )
    visitor.type('await new Promise(() => {})\r')
    await visitor.sees('{})\r\n')
    await visitor.asks('\x03', `Uncaught Interrupted\r\n${PROMPT}`)
    await visitor.asks('going.waiting\r', `\r\n1\r\n${PROMPT}`)
  })

  test('that was typed ahead ends what runs, and drops what was typed before it', async () => {
    const { unixPath } = await openHouse()
    const visitor = await visitRaw(unixPath)
    await visitor.asks('await new Promise(() => {})\rdropped\r\x03', `Uncaught Interrupted\r\n${PROMPT}`)
    await visitor.asks("'next'\r", `'next'\r\n${PROMPT}`)
    expect(visitor.text).not.toContain('dropped')
  })
})

test('^D on an empty line leaves', async () => {
  const { unixPath } = await openHouse()
  const visitor = await visitRaw(unixPath)
  visitor.type('\x04')
  await visitor.closed
})

test('what is typed while something runs waits for its turn', async () => {
  const { unixPath } = await openHouse()
  const visitor = await visitRaw(unixPath)
  await visitor.asks('await coro.sleep(50)\r1 + 1\r', `undefined\r\n${PROMPT}`)
  await visitor.sees(`1 + 1\r\n2\r\n${PROMPT}`)
})

test('a terminal that goes away ends what runs', async () => {
  const server = await openHouse()
  const visitor = await visitRaw(server.unixPath)
  const [session] = server.sessions
  visitor.type('await coro.sleep(1e9)\r')
  await visitor.sees('1e9)\r\n')
  visitor.socket.destroy()
  await session?.coroutine.join()
  expect(server.sessions).toEqual([])
})

test('text of an earlier line appears above the line that is being typed, which is then shown again', async () => {
  const bell = new Event()
  const { unixPath } = await openHouse({ context: { bell } })
  const visitor = await visitRaw(unixPath)
  await visitor.asks("void (async () => { await bell.wait(); console.log('ding') })()\r", PROMPT)
  await visitor.asks('half a li', 'half a li')
  bell.set()
  await visitor.sees('\x1b[1G\x1b[0Jding\r\n\x1b[1G\x1b[0J> half a li\x1b[12G')
})

test('a paste as the first input is typed, once it is clear that it is no line', async () => {
  const { unixPath } = await openHouse()
  const visitor = await Visitor.over(unixPath)
  visitor.type("'pas")
  await visitor.sees("\x1b[3G'pas")
  await visitor.asks("ted'\r", "'pasted'\r\n")
})
