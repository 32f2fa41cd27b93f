/**
 * One visitor: a coroutine that reads the socket, finds out what is at the other end, and lets a prompt run there. What is typed
 * runs in this coroutine, so its waits show in `whereAll()` under the session's name and end when it is shut down.
 *
 * Promises: whatever happens, the socket is closed when the coroutine has ended, and nothing typed is run any more.
 */
import { basename } from 'node:path'
import {
  type Awaitable,
  ConditionVariable,
  type Coroutine,
  Event,
  interruptible,
  Shutdown,
  type Socket,
  shield,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '@shrapnel/core'
import { BackdoorError } from './errors.js'
import type { History } from './history.js'
import type { Settings } from './options.js'
import { Outbox } from './outbox.js'
import { adopt, release, runOwned, takeError, takeFailure } from './ownership.js'
import { Prompt } from './prompt.js'
import { installErrorRouting } from './repl-errors.js'
import { Terminal, type TerminalKind } from './terminal.js'

/** How long to wait for more when what came may be the whole of it or a part. */
const SETTLE_MS = 100
/** Keys that may wait while something runs; then the socket is not read any more. */
export const MAX_TYPED_AHEAD_BYTES = 65_536
/** How long a peer may take to read the last words of a session that was shut down. */
const LAST_WORDS_MS = 500
/** How long a peer may take to close its side after we have closed ours. */
const LINGER_MS = 1000
/** A browser can be made to send such lines to any port of its own machine (RFC 9112, section 3; RFC 9113, section 3.4). */
const HTTP_REQUEST = /^[A-Z]+ \S+ HTTP\/\d/

let lastId = 0

export interface SessionParts {
  readonly socket: Socket
  readonly isTcp: boolean
  readonly settings: Settings
  readonly history: History
  /** Called when it has ended. */
  readonly ended: () => void
}

export class Session {
  readonly id = ++lastId
  /** `backdoor session 3`, which is also the name of its coroutine. */
  readonly name = `backdoor session ${this.id}`
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now()
  /** Where the visitor comes from: `127.0.0.1:4431`; undefined over a UNIX socket. */
  readonly remoteAddress: string | undefined
  /** The coroutine that runs it. To `shutdown()` it ends the session. */
  readonly coroutine: Coroutine<void>
  readonly #socket: Socket
  readonly #settings: Settings
  readonly #history: History
  readonly #outbox: Outbox
  readonly #terminal: Terminal
  readonly #ended: () => void
  /** Something came, ended, or is done: the session has to look. */
  readonly #news = new Event()
  /** What was typed ahead has become less. */
  readonly #hasRoom = new ConditionVariable()
  readonly #hasSentAll = new Event()
  readonly #inputEnded = new Event()
  #prompt: Prompt | undefined
  #hasLeft = false
  #isGone = false
  #failure: BackdoorError | undefined

  /** @internal */
  constructor({ socket, isTcp, settings, history, ended }: SessionParts) {
    this.#socket = socket
    this.#settings = settings
    this.#history = history
    this.#ended = ended
    const from = isTcp ? socket.remoteAddress : undefined
    this.remoteAddress = from && `${from.address}:${from.port}`
    this.#outbox = new Outbox(settings.maxUnsentBytes, () => this.#overflow())
    this.#terminal = new Terminal({
      offersTelnet: isTcp && settings.telnet,
      maxCommandBytes: settings.maxCommandBytes,
      give: (bytes) => this.#outbox.push(bytes),
    })
    this.coroutine = spawn({ name: this.name, daemon: true }, () => this.#run())
    adopt(this)
  }

  /** What is at the other end; `undecided` until it has sent something. */
  get kind(): TerminalKind {
    return this.#terminal.kind
  }

  /** Shows an error that nobody waited for. @internal */
  report(error: unknown): void {
    this.#prompt?.report(error)
  }

  /** Closes what is open; all there is to do for a coroutine that was shut down before it began. @internal */
  discard(): void {
    this.#socket.close()
    release(this)
    this.#ended()
  }

  async #run(): Promise<void> {
    spawn({ name: `${this.name} output`, daemon: true }, () => this.#send())
    const input = spawn({ name: `${this.name} input`, daemon: true }, () => this.#receive())
    let patienceMs = this.#settings.endGraceMs
    try {
      this.#greet()
      await this.#converse()
    } catch (error) {
      patienceMs = LAST_WORDS_MS
      const why = error instanceof Error ? error.message : String(error)
      this.#say(error instanceof Shutdown ? 'The session was shut down.' : `The backdoor closes: ${why}`)
      throw error
    } finally {
      this.#prompt?.abandon()
      this.#outbox.end()
      if (!this.#isGone) {
        await atMost(patienceMs, () => this.#hasSentAll.wait())
        // Closed before the peer has closed its side, the socket could take back what the peer has not read yet.
        await atMost(Math.min(patienceMs, LINGER_MS), () => this.#inputEnded.wait())
      }
      input.shutdown()
      this.#outbox.drop()
      if (this.#isGone || !this.#hasSentAll.isSet) this.#socket.reset()
      this.discard()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Until the user leaves, or the peer has closed its side and all it sent has run. What is typed runs in here. */
  async #converse(): Promise<void> {
    for (;;) {
      await this.#news.wait()
      this.#news.reset()
      const isEnd = this.#inputEnded.isSet
      if (isEnd) this.#terminal.endInput()
      await this.#advance()
      if (this.#hasLeft) return
      if (isEnd) return this.#finish()
    }
  }

  /** Gives the prompt what it can take, once it is known what kind of prompt that is. */
  async #advance(): Promise<void> {
    const { kind, keyboard } = this.#terminal
    if (this.#hasLeft || kind === 'undecided' || (keyboard.heldBytes === 0 && kind === 'line')) return
    this.#prompt ??= await this.#openPrompt()
    // A script of many lines is not to hold the program up.
    while (this.#feed(this.#prompt)) await yieldSlice()
    this.#hasRoom.wakeAll()
  }

  /** True: there is more for it to take. */
  #feed(prompt: Prompt): boolean {
    let hasMore = false
    try {
      hasMore = this.#terminal.keyboard.feed(prompt)
    } catch (error) {
      if (error instanceof BackdoorError) this.#fail(error)
      else this.report(error)
    }
    this.#passInterrupt()
    return hasMore
  }

  /** ^C is for what runs, and does not wait for its turn. */
  #passInterrupt(): void {
    while (this.#prompt?.isBusy && this.#terminal.keyboard.takeInterrupt()) this.#prompt.interrupt()
  }

  /** The peer has closed its side. A terminal is gone then; from a script, everything is run to the end and answered. */
  async #finish(): Promise<void> {
    const { edits, screen } = this.#terminal
    const { endGraceMs } = this.#settings
    if (edits) return
    try {
      await withTimeout(endGraceMs, async () => {
        while (!this.#hasLeft && !this.#isGone && this.#prompt?.isBusy) {
          await this.#news.wait()
          this.#news.reset()
          await this.#advance()
        }
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      screen.write(
        `What was sent last still runs ${endGraceMs} ms after the end of the input (endGraceMs).\n`,
      )
    }
  }

  async #openPrompt(): Promise<Prompt> {
    const repl = await interruptible(loadRepl())
    const { keyboard, screen, edits } = this.#terminal
    const { prompt, colors, context } = this.#settings
    const opened = new Prompt(repl, {
      keyboard,
      screen,
      isTerminal: edits,
      prompt,
      colors: colors && edits,
      history: this.#history.newestFirst(),
      context: () => context(this),
      accept: (code) => this.#accept(code),
      owned: (file, run) => runOwned(this, file, run),
      becameIdle: (isWhole) => {
        if (isWhole) keyboard.endCommand()
        this.#news.set()
      },
      entered: (entry) => this.#history.add(entry),
      left: () => this.#leave(),
      failed: (error) => this.report(error),
    })
    installErrorRouting(takeError, takeFailure)
    return opened
  }

  #accept(code: string): boolean {
    if (!HTTP_REQUEST.test(code)) return true
    this.#fail(
      new BackdoorError(
        'PROTOCOL',
        'this looks like an HTTP request, which a browser may have been made to send',
      ),
    )
    return false
  }

  #greet(): void {
    const { screen } = this.#terminal
    const { welcome, prompt } = this.#settings
    screen.write(welcome === undefined ? aboutThisProgram() : welcome === '' ? '' : `${welcome}\n`)
    screen.write(prompt)
  }

  /** All is said: the outbox sends what it has, we close our side, and the peer closes the other. */
  #leave(): void {
    this.#hasLeft = true
    this.#prompt?.stop()
    this.#outbox.end()
    this.#hasRoom.wakeAll()
    this.#news.set()
  }

  #fail(error: BackdoorError): void {
    this.#failure ??= error
    this.#say(`The backdoor closes: ${error.message}`)
    this.#leave()
  }

  #say(sentence: string): void {
    this.#terminal.screen.write(`\n${sentence}\n`)
  }

  /** The peer does not read, so it cannot be told: the exception notifier is. */
  #overflow(): void {
    const { maxUnsentBytes } = this.#settings
    this.#failure ??= new BackdoorError(
      'LIMIT',
      `the peer does not read: the output exceeds maxUnsentBytes (${maxUnsentBytes})`,
      {
        limit: 'maxUnsentBytes',
      },
    )
    this.#isGone = true
    this.#leave()
  }

  /** The coroutine that reads: keys to the keyboard, ^C to what runs. */
  async #receive(): Promise<void> {
    const { keyboard } = this.#terminal
    try {
      for (;;) {
        while (!this.#hasLeft && keyboard.heldBytes >= MAX_TYPED_AHEAD_BYTES) await this.#hasRoom.wait()
        const chunk = await this.#nextChunk()
        if (chunk === undefined) this.#terminal.settle(false)
        else if (chunk.length === 0) break
        else if (!this.#hasLeft && this.#take(chunk) === 'end') break
        this.#news.set()
      }
    } catch (error) {
      if (error instanceof BackdoorError) this.#fail(error)
      // Otherwise the peer is gone, or the socket was closed by whoever knows why.
    }
    this.#terminal.settle(true)
    this.#inputEnded.set()
    this.#news.set()
  }

  /** The next bytes; undefined if none came while it is unclear what came before. */
  async #nextChunk(): Promise<Buffer | undefined> {
    if (!this.#terminal.isUnclear) return this.#socket.recv()
    try {
      return await withTimeout(SETTLE_MS, () => this.#socket.recv())
    } catch (error) {
      if (error instanceof TimeoutError) return undefined
      throw error
    }
  }

  /** `end`: the peer says that this was all. */
  #take(chunk: Buffer): 'end' | undefined {
    const signals = this.#terminal.push(chunk)
    if (signals.includes('interrupt')) this.#prompt?.interrupt()
    this.#passInterrupt()
    return signals.includes('end') ? 'end' : undefined
  }

  /** The coroutine that writes. It ends with the outbox or the socket and not before: when all are shut down, there are last words. */
  async #send(): Promise<void> {
    try {
      await shield(Infinity, () => this.#outbox.sendTo(this.#socket))
      if (!this.#isGone) this.#socket.shutdown()
    } catch {
      // The peer is gone, or the session is over.
      this.#isGone = true
      this.#outbox.drop()
      this.#socket.close()
      if (this.#prompt?.isBusy) this.#prompt.interrupt()
      this.#news.set()
    }
    this.#hasSentAll.set()
  }
}

/** Waits, whatever was cancelled, and not for ever. */
async function atMost(patienceMs: number, wait: () => Awaitable<void>): Promise<void> {
  try {
    await shield(patienceMs, wait)
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
  }
}

async function loadRepl(): Promise<typeof import('node:repl')> {
  try {
    return await import('node:repl')
  } catch (error) {
    const text =
      'node:repl cannot be loaded here: it needs node:domain, which a program with an uncaught exception capture callback cannot have'
    throw new BackdoorError('NO_REPL', text, { cause: error })
  }
}

function aboutThisProgram(): string {
  const program = basename(process.argv[1] ?? 'node')
  return `${program}, process ${process.pid}, Node ${process.version}. coro.whereAll() shows who waits on what, .help more; ^D leaves.\n`
}
