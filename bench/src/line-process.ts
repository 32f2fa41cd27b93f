/**
 * A child process that speaks JSON, a line at a time, on its standard output, and ends when its standard input closes.
 * Servers, load generators and in-process programs are all such processes. Ends only what it started.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

const GRACE_MS = 5_000

export class LineProcess {
  readonly #what: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  #complaints = ''

  constructor(command: readonly string[]) {
    const [program, ...rest] = command
    if (program === undefined) throw new RangeError('a command needs a program')
    this.#what = command.join(' ')
    this.#child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.on('error', (error) => {
      this.#complaints += error.message
    })
    // A child that has just ended takes no more lines; what matters is said by the missing answer.
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4_000)
    })
    this.#reader = createInterface({ input: this.#child.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The next line, parsed. Rejects with what the child wrote to stderr if there is none. */
  async answer<Reply>(): Promise<Reply> {
    const { value, done } = await this.#lines.next()
    if (!done) return JSON.parse(value) as Reply
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close')
    const end = this.#child.signalCode ?? `code ${this.#child.exitCode}`
    throw new Error(`${this.#what} ended (${end}) without an answer\n${this.#complaints}`.trimEnd())
  }

  async ask<Reply>(line: string): Promise<Reply> {
    this.#child.stdin.write(`${line}\n`)
    return this.answer<Reply>()
  }

  /** Closes its standard input and waits for the end; a child that stays is killed. */
  async end(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child
    this.#child.stdin.end()
    this.#reader.close()
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const tooLate = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await once(this.#child, 'exit')
    clearTimeout(tooLate)
  }
}

/** Starts `command`, takes one line from it and lets it end. */
export async function answerOf<Reply>(command: readonly string[]): Promise<Reply> {
  const child = new LineProcess(command)
  try {
    return await child.answer<Reply>()
  } finally {
    await child.end()
  }
}
