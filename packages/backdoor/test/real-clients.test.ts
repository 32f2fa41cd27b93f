/** The programs people join with, on a pseudo-terminal where they want one. socat provides that. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { commandPath } from '@shrapnel/test-support'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CONTINUED, openHouse, WELCOME } from './house.js'

const UP = '\x1b[A'
const LEFT = '\x1b[D'

let socat: string
beforeAll(async () => {
  socat = await commandPath('socat')
  await commandPath('telnet')
})

/** Somebody at the keyboard of `command`. */
class Person {
  readonly #child: ChildProcessWithoutNullStreams
  #text = ''
  #seen = 0
  #look: () => void = () => {}
  #hasEnded = false
  readonly ended: Promise<void>

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { env: { ...process.env, TERM: 'xterm' } })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    this.#child.stdin.on('error', () => {})
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (bytes) => {
        this.#text += bytes
        this.#look()
      })
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#hasEnded = true
        this.#look()
        resolve()
      })
    })
  }

  /** `command` on a terminal of its own that passes every key on. */
  static atTerminal(command: string): Person {
    return new Person(socat, [
      '-',
      `EXEC:${command.replaceAll(/([,:!])/g, '\\$1')},pty,setsid,ctty,raw,echo=0,stderr`,
    ])
  }

  get text(): string {
    return this.#text
  }

  async sees(what: string): Promise<void> {
    for (let at = -1; at < 0; ) {
      at = this.#text.indexOf(what, this.#seen)
      if (at >= 0) this.#seen = at + what.length
      else if (this.#hasEnded)
        throw new Error(`ended before ${JSON.stringify(what)} came, after ${JSON.stringify(this.#text)}`)
      else
        await new Promise<void>((resolve) => {
          this.#look = resolve
        })
    }
  }

  async asks(keys: string, what: string): Promise<void> {
    this.#child.stdin.write(keys)
    await this.sees(what)
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }
}

/** What any terminal can do that sends keys one by one. */
async function edits(person: Person): Promise<void> {
  await person.sees(`${WELCOME}\r\n> `)
  await person.asks('coro.wh\t', 'coro.where')
  await person.asks('All().name\r', "'main'")
  await person.asks(`answr${LEFT}e\r`, '42')
  await person.asks(`${UP}${UP}`, '> coro.whereAll().name')
  await person.asks('\r', "'main'")
  await person.asks("'grüße €'\r", "\r\n'grüße €'\r\n")
  await person.asks('const o = {\r', CONTINUED)
  await person.asks('a: 1 }\r', 'undefined')
  await person.asks('await coro.sleep(1e9)\r', '1e9)\r\n')
  await person.asks('\x03', 'Interrupted')
  await person.asks('half', 'half')
  await person.asks('\x03', '> ')
  await person.asks('o\r', '{ a: 1 }')
  person.type('\x04')
  await person.ended
}

describe('telnet', () => {
  test('has completion, arrows, ^C and ^D', async () => {
    const { port } = await openHouse({ port: 0, context: { answer: 42 } })
    const person = Person.atTerminal(`telnet 127.0.0.1 ${port}`)
    await edits(person)
    expect(person.text).toContain('Connection closed by foreign host')
  })
})

describe('socat', () => {
  test('on a raw terminal has completion, arrows, ^C and ^D', async () => {
    const { unixPath } = await openHouse({ context: { answer: 42 } })
    await edits(Person.atTerminal(`socat -,raw,echo=0 UNIX-CONNECT:${unixPath}`))
  })

  test('on a terminal that sends lines gets plain answers', async () => {
    const { unixPath } = await openHouse()
    const person = Person.atTerminal(`socat - UNIX-CONNECT:${unixPath}`)
    await person.sees('> ')
    await person.asks('1 + 1\n', '2')
    await person.asks('await coro.yieldSlice(); 40 + 2\n', '42')
    expect(person.text).not.toContain('\x1b')
  })

  test('in a pipe gets the answer of a script, also a late one', async () => {
    const { unixPath } = await openHouse()
    const script = (line: string): Person =>
      new Person('sh', ['-c', `echo '${line}' | ${socat} -t 5 - UNIX-CONNECT:${unixPath}`])
    const quick = script('coro.all().length > 0')
    await quick.ended
    expect(quick.text).toBe(`${WELCOME}\r\n> true\n> `)
    const late = script('await coro.sleep(300); "late"')
    await late.ended
    expect(late.text).toBe(`${WELCOME}\r\n> 'late'\n> `)
  })
})
