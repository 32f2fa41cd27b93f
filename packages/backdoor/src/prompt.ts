/**
 * One `node:repl` on one terminal. It evaluates in the scope of whoever feeds its keyboard, says when it is busy, and can be
 * interrupted. It knows no socket.
 */
import { Console } from 'node:console'
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline'
import type { REPLServer } from 'node:repl'
import { stripVTControlCharacters } from 'node:util'
import * as coro from '@shrapnel/core'
import { Evaluation } from './evaluation.js'
import { MAX_HISTORY_ENTRIES } from './history.js'
import type { Keyboard, Typist } from './keyboard.js'
import { isForeign, NoDomain, replAsksAboutErrors } from './repl-errors.js'
import type { Screen } from './screen.js'
import { withSigintUnheard } from './sigint.js'
import { TextSink } from './text-sink.js'
import { makeWriter } from './writer.js'

export interface PromptSettings {
  readonly keyboard: Keyboard
  readonly screen: Screen
  /** Line editing and escape codes; otherwise whole lines. */
  readonly isTerminal: boolean
  readonly prompt: string
  readonly colors: boolean
  readonly history: readonly string[]
  /** What typed code finds in scope. */
  readonly context: () => object
  /** False: this code is not to be run. */
  readonly accept: (code: string) => boolean
  /** Calls it so that what it starts is known to be ours. */
  readonly owned: (file: string, run: () => void) => void
  /** An evaluation has ended: there is room for the next line. `isWhole` false: it goes on in that. */
  readonly becameIdle: (isWhole: boolean) => void
  /** A command was entered, for the history. */
  readonly entered: (entry: string) => void
  /** The user leaves. */
  readonly left: () => void
  /** An error that nobody waits for. */
  readonly failed: (error: unknown) => void
}

type Evaluate = (this: REPLServer, code: string, context: object, file: string, done: Done) => void
type Done = (error: Error | null, value?: unknown) => void
/** What node:repl has and its types do not say. */
type Server = Omit<REPLServer, 'eval'> & {
  eval: Evaluate
  prevRows?: number
  history?: string[]
  closed?: boolean
}

export class Prompt implements Typist {
  readonly #settings: PromptSettings
  readonly #server: Server
  readonly #evaluate: Evaluate
  readonly #running = new Set<Evaluation>()
  readonly #show: (value: unknown) => string
  readonly #Recoverable: typeof import('node:repl').Recoverable
  #newestEntry: string | undefined
  #isStopped = false

  /** `repl` is node:repl, which is loaded when the first prompt is needed: it brings node:domain along. */
  constructor(repl: typeof import('node:repl'), settings: PromptSettings) {
    this.#Recoverable = repl.Recoverable
    this.#settings = settings
    const { keyboard, screen, isTerminal, colors } = settings
    this.#show = makeWriter(colors)
    // The prompt is on the screen already. A terminal is redrawn from there; elsewhere it would stand there twice.
    screen.isMuted = !isTerminal
    this.#server = repl.start({
      input: keyboard,
      output: screen,
      terminal: isTerminal,
      useColors: colors,
      prompt: settings.prompt,
      preview: false,
      breakEvalOnSigint: true,
      writer: this.#show,
      ...this.#untypedOptions(),
    }) as unknown as Server
    screen.isMuted = false
    this.#evaluate = this.#server.eval
    const close = this.#server.close.bind(this.#server)
    this.#server.close = () => {
      // node:repl does it in a later turn, and would run the lines that are here already.
      this.stop()
      close()
    }
    const run: Evaluate = (code, context, file, done) => this.#run(code, context, file, done)
    this.#server.eval = run
    if (isTerminal) {
      this.#server.history = [...settings.history]
      this.#newestEntry = settings.history[0]
    }
    this.#furnish()
    this.#server.on('reset', () => this.#furnish())
    this.#server.on('exit', () => settings.left())
  }

  /** What node:repl takes and its types do not say. */
  #untypedOptions(): object {
    const historySize = MAX_HISTORY_ENTRIES
    if (!replAsksAboutErrors) return { historySize, domain: new NoDomain() }
    return { historySize, handleError: (error: unknown) => this.#evaluationFailed(error) }
  }

  get isBusy(): boolean {
    return this.#running.size > 0 || this.#isStopped
  }

  /** Whether what is typed now is added to the end of the line. */
  get isAtLineEnd(): boolean {
    return this.#server.cursor === this.#server.line.length
  }

  /** ^C: ends what runs, and what it waits for; where nothing runs, drops the line that is being typed. */
  interrupt(): void {
    if (this.#isStopped) return
    // First node:repl, so that what is shown is that it was interrupted and not what the code made of that.
    this.#server.emit('SIGINT')
    for (const evaluation of this.#running) evaluation.cancel()
  }

  /** Says something that is no answer to what was typed last: above the line that is being typed, which is then shown again. */
  say(text: string): void {
    const { screen, isTerminal } = this.#settings
    const server = this.#server
    if (!isTerminal || this.isBusy || server.closed === true) {
      screen.write(text)
      return
    }
    moveCursor(screen, 0, -server.getCursorPos().rows)
    cursorTo(screen, 0)
    clearScreenDown(screen)
    screen.write(text)
    server.prevRows = 0
    server.prompt(true)
  }

  /** An error that nobody waited for. */
  report(error: unknown): void {
    this.say(`Uncaught ${withoutOurFrames(this.#show(error))}\n`)
  }

  /** Takes nothing more, and shows no more results. */
  stop(): void {
    this.#isStopped = true
  }

  /** The end. What runs is cancelled and, if it waits for a promise that is not ours, left behind. */
  abandon(): void {
    this.#isStopped = true
    for (const evaluation of this.#running) {
      evaluation.cancel()
      evaluation.end()
    }
    this.#running.clear()
    this.#server.close()
  }

  #run(code: string, context: object, file: string, done: Done): void {
    if (this.#isStopped || !this.#settings.accept(code)) return
    const evaluation = new Evaluation()
    this.#running.add(evaluation)
    // These have names because node:repl cuts the stack of an error at the first function without one: that is the typed code.
    const ready = (error: Error | null, value?: unknown): void => {
      evaluation.isWhole = !(error instanceof this.#Recoverable)
      this.#finish(evaluation, () => (error === null ? done(error, value) : done(error)))
    }
    const evaluateAtOnce = (): void =>
      this.#evaluate.call(this.#server as unknown as REPLServer, code, context, file, ready)
    const evaluate = (): void => {
      try {
        withSigintUnheard(evaluateAtOnce)
      } catch (error) {
        this.#finish(evaluation, () => done(error as Error))
      }
    }
    const evaluateInScope = (): void => evaluation.run(evaluate)
    this.#settings.owned(file, evaluateInScope)
    // Node 26 reports what is thrown at once by itself and calls nobody back.
    if (evaluation.hasFailed) this.#ended(evaluation)
  }

  #finish(evaluation: Evaluation, show: () => void): void {
    if (this.#isStopped) return
    try {
      show()
      this.#remember()
    } catch (error) {
      this.#settings.failed(error)
    } finally {
      this.#ended(evaluation)
    }
  }

  /** Node 26: an evaluation threw, or an error is looking for its owner. What is thrown after an `await` comes here alone. */
  #evaluationFailed(error: unknown): 'print' | 'unhandled' {
    if (isForeign(error)) return 'unhandled'
    for (const evaluation of this.#running) {
      evaluation.hasFailed = true
      // It prints when this returns.
      queueMicrotask(() => this.#ended(evaluation))
    }
    return 'print'
  }

  #ended(evaluation: Evaluation): void {
    evaluation.end()
    if (!this.#running.delete(evaluation) || this.isBusy) return
    this.#settings.becameIdle(evaluation.isWhole)
  }

  #remember(): void {
    const { history } = this.#server
    if (history === undefined || history[0] === this.#newestEntry) return
    const known = this.#newestEntry === undefined ? -1 : history.indexOf(this.#newestEntry)
    const fresh = history.slice(0, known < 0 ? 1 : known)
    this.#newestEntry = history[0]
    for (const entry of fresh.reverse()) this.#settings.entered(entry)
  }

  /** Into a new context: what every one has, then what the caller wants in it. */
  #furnish(): void {
    const { context } = this.#server
    const { colors } = this.#settings
    const sink = new TextSink((text) => this.say(text))
    const own = {
      coro,
      console: new Console({ stdout: sink, stderr: sink, colorMode: colors }),
      // Node 20 and 22 do not know whose an error in a microtask is.
      queueMicrotask: (fn: () => void) => queueMicrotask(() => this.#guard(fn)),
    }
    for (const values of [own, this.#settings.context()]) {
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(values))) {
        Object.defineProperty(context, name, { ...property, configurable: true })
      }
    }
  }

  #guard(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      this.#settings.failed(error)
    }
  }
}

/** The stack of an error as shown, without what is below the lowest function that was typed. */
function withoutOurFrames(text: string): string {
  const lines = text.split('\n')
  const plain = stripVTControlCharacters(text).split('\n')
  const lowest = plain.findLastIndex((line) => /^\s+at .*\bREPL\d+:\d+/.test(line))
  if (lowest < 0) return text
  let end = lowest + 1
  while (/^\s+at /.test(plain[end] ?? '')) end++
  return [...lines.slice(0, lowest + 1), ...lines.slice(end)].join('\n')
}
