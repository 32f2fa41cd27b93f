/**
 * What is at the other end, and how to talk to it: a telnet client, a terminal in raw mode, or something that sends lines.
 * Bytes of the peer go in and come out as keys; what the program writes goes to the `screen`. It does no I/O and does not wait: `give`
 * takes what is to be sent.
 */
import { Keyboard } from './keyboard.js'
import { Screen } from './screen.js'
import { ASK_FOR_SIZE, CursorReport } from './wire/cursor-report.js'
import { classifyFirstInput } from './wire/first-input.js'
import { Negotiation } from './wire/negotiation.js'
import { Command, Option } from './wire/telnet-codes.js'
import { TelnetDecoder, type TelnetEvent } from './wire/telnet-decoder.js'
import { decodeWindowSize } from './wire/telnet-encoder.js'

/** `undecided` until the first input. */
export type TerminalKind = 'undecided' | 'telnet' | 'raw' | 'line'

/** What a peer asks for beside its keys: ^C, or the end of its input. */
export type Signal = 'interrupt' | 'end'

export interface TerminalSettings {
  /** Ask for telnet's options at once; otherwise when the peer speaks of one. */
  readonly offersTelnet: boolean
  readonly maxCommandBytes: number
  readonly give: (bytes: Uint8Array) => void
}

const CR = 13
const LF = 10
/** ^L: draw the screen again. People press it after they have changed the size of the window. */
const REDRAW = 12
const ERASE_CHARACTER = 127
const ERASE_LINE = 21
const PRESENT = '\n[Yes, the backdoor is here]\n'

export class Terminal {
  readonly keyboard: Keyboard
  readonly screen: Screen
  readonly #give: (bytes: Uint8Array) => void
  readonly #decoder = new TelnetDecoder()
  readonly #negotiation = new Negotiation()
  #kind: TerminalKind = 'undecided'
  #edits = false
  #speaksTelnet = false
  /** Everything so far, while undecided. */
  #first: Uint8Array = new Uint8Array(0)
  #report: CursorReport | undefined
  #lastKey = LF

  constructor({ offersTelnet, maxCommandBytes, give }: TerminalSettings) {
    this.#give = give
    this.keyboard = new Keyboard(maxCommandBytes)
    this.screen = new Screen(give)
    if (offersTelnet) this.#send(this.#negotiation.open())
  }

  get kind(): TerminalKind {
    return this.#kind
  }

  /** Whether it sends each key and leaves the echo to us. */
  get edits(): boolean {
    return this.#edits
  }

  /** Whether something came that may mean this or that: it gets clearer with the next bytes, or by `settle` when none come. */
  get isUnclear(): boolean {
    return this.#kind === 'undecided' && (this.#speaksTelnet || this.#first.length > 0)
  }

  /** Bytes of the peer. Keys are held by the keyboard. Throws `LIMIT` and `PROTOCOL`. */
  push(chunk: Uint8Array): readonly Signal[] {
    const signals = this.#decoder.push(chunk).flatMap((event) => this.#hear(event))
    if (this.#kind === 'undecided') this.#decide(chunk)
    return signals
  }

  /** Nothing more came for a while, or at all. */
  settle(isEnd: boolean): void {
    if (this.#kind !== 'undecided') return
    if (this.#speaksTelnet) this.#become('telnet', false)
    else if (isEnd) this.#become('line', false)
    else this.#become('raw', true)
  }

  /** The peer has closed its side: the line it was at is whole now. */
  endInput(): void {
    if (this.#lastKey !== CR && this.#lastKey !== LF) this.keyboard.hold(Uint8Array.of(LF))
  }

  #decide(chunk: Uint8Array): void {
    if (this.#speaksTelnet) {
      const { echo } = this.#negotiation
      if (echo !== 'open') this.#become('telnet', echo === 'agreed')
      return
    }
    this.#first = Buffer.concat([this.#first, chunk])
    const kind = classifyFirstInput(this.#first)
    if (kind !== 'unclear') this.#become(kind, kind === 'raw')
  }

  #become(kind: 'telnet' | 'raw' | 'line', edits: boolean): void {
    this.#kind = kind
    this.#edits = edits
    this.keyboard.edits = edits
    this.#first = new Uint8Array(0)
    this.screen.encoding = kind === 'line' ? 'plain' : kind
    if (kind === 'raw') this.#askForSize()
  }

  #askForSize(): void {
    this.#report = new CursorReport()
    this.#give(Buffer.from(ASK_FOR_SIZE))
  }

  #hear(event: TelnetEvent): readonly Signal[] {
    switch (event.type) {
      case 'data':
        this.#type(event.bytes)
        return []
      case 'option':
        this.#speaksTelnet = true
        this.#send(this.#negotiation.open())
        this.#send(this.#negotiation.hear(event.verb, event.option))
        return []
      case 'subnegotiation': {
        const size = event.option === Option.WINDOW_SIZE ? decodeWindowSize(event.bytes) : undefined
        if (size !== undefined) this.screen.resize(size)
        return []
      }
      case 'command':
        return this.#command(event.command)
    }
  }

  #command(command: number): readonly Signal[] {
    switch (command) {
      case Command.INTERRUPT_PROCESS:
      case Command.BREAK:
        return ['interrupt']
      case Command.EOF:
        return ['end']
      case Command.ERASE_CHARACTER:
        this.#type(Uint8Array.of(ERASE_CHARACTER))
        return []
      case Command.ERASE_LINE:
        this.#type(Uint8Array.of(ERASE_LINE))
        return []
      case Command.ARE_YOU_THERE:
        this.screen.write(PRESENT)
        return []
      default:
        return []
    }
  }

  #type(bytes: Uint8Array): void {
    const keys = this.#withoutReport(bytes)
    if (keys.length === 0) return
    this.keyboard.hold(keys)
    this.#lastKey = keys.at(-1) as number
    if (this.#kind === 'raw' && keys.includes(REDRAW)) this.#askForSize()
  }

  #withoutReport(bytes: Uint8Array): Uint8Array {
    const report = this.#report
    if (report === undefined) return bytes
    const keys = report.push(bytes)
    if (report.size !== undefined) {
      this.screen.resize(report.size)
      this.#report = undefined
    } else if (keys.includes(CR)) {
      // It has had the time of a whole line, and does not answer.
      this.#report = undefined
      return Buffer.concat([keys, report.stop()])
    }
    return keys
  }

  #send(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.#give(message)
  }
}
