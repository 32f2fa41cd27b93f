/**
 * Which telnet options are on: RFC 855, with the states of RFC 1143 that a side needs which asks for everything once and never
 * again. Pure: it is told what the peer said and gives the bytes to answer with. No answer follows from an answer, so two
 * sides cannot go on for ever.
 *
 * What we want is a terminal that sends each key and leaves the echo to us (ECHO and SUPPRESS-GO-AHEAD on our side, which
 * together end the line mode of every client), and that says how large it is (WINDOW-SIZE on the peer's).
 */
import { Option, type Verb } from './telnet-codes.js'
import { encodeOption } from './telnet-encoder.js'

type State = 'off' | 'asked' | 'on'

const NOTHING: readonly Uint8Array[] = []

export class Negotiation {
  readonly #ours = new Map<number, State>([
    [Option.ECHO, 'off'],
    [Option.SUPPRESS_GO_AHEAD, 'off'],
  ])
  readonly #theirs = new Map<number, State>([
    [Option.WINDOW_SIZE, 'off'],
    [Option.SUPPRESS_GO_AHEAD, 'off'],
  ])
  #hasOpened = false
  #echo: 'open' | 'agreed' | 'refused' = 'open'

  /** Whether the peer leaves the echo to us; `open` until it has answered. */
  get echo(): 'open' | 'agreed' | 'refused' {
    return this.#echo
  }

  /** What to ask for first. Empty the second time. */
  open(): readonly Uint8Array[] {
    if (this.#hasOpened) return NOTHING
    this.#hasOpened = true
    return [
      ...this.#ask(this.#ours, 'will', Option.ECHO),
      ...this.#ask(this.#ours, 'will', Option.SUPPRESS_GO_AHEAD),
      ...this.#ask(this.#theirs, 'do', Option.WINDOW_SIZE),
    ]
  }

  /** The peer said `verb option`. */
  hear(verb: Verb, option: number): readonly Uint8Array[] {
    switch (verb) {
      case 'do':
        // RFC 860: the answer says that everything before it was dealt with. It is asked for again and again, so it has no state.
        if (option === Option.TIMING_MARK) return [encodeOption('will', option)]
        return this.#agree(this.#ours, 'will', 'wont', option)
      case 'will':
        return this.#agree(this.#theirs, 'do', 'dont', option)
      case 'dont':
        return this.#stop(this.#ours, 'wont', option)
      case 'wont':
        return this.#stop(this.#theirs, 'dont', option)
    }
  }

  #ask(side: Map<number, State>, verb: Verb, option: number): readonly Uint8Array[] {
    if (side.get(option) !== 'off') return NOTHING
    side.set(option, 'asked')
    return [encodeOption(verb, option)]
  }

  #agree(side: Map<number, State>, yes: Verb, no: Verb, option: number): readonly Uint8Array[] {
    const state = side.get(option)
    if (state === undefined) return [encodeOption(no, option)]
    side.set(option, 'on')
    if (yes === 'will' && option === Option.ECHO) this.#echo = 'agreed'
    return state === 'off' ? [encodeOption(yes, option)] : NOTHING
  }

  #stop(side: Map<number, State>, no: Verb, option: number): readonly Uint8Array[] {
    const state = side.get(option)
    if (state === undefined) return NOTHING
    side.set(option, 'off')
    if (no === 'wont' && option === Option.ECHO) this.#echo = 'refused'
    return state === 'on' ? [encodeOption(no, option)] : NOTHING
  }
}
