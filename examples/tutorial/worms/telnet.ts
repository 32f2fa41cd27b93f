/**
 * What a terminal sends, taken apart: keys, and the size of its window. It understands telnet's commands (RFC
 * 854), of the options only NAWS (RFC 1073), and the arrows; every other command is skipped. A socat sends
 * bare keys, which is as good.
 */

const IAC = 255
const SB = 250
const SE = 240
const INTERRUPT_PROCESS = 244
/** WILL, WONT, DO and DONT, which an option follows. */
const FIRST_NEGOTIATION = 251
const WILL = 251
const DO = 253
const ECHO = 1
const SUPPRESS_GO_AHEAD = 3
const WINDOW_SIZE = 31

const ESCAPE = 27
const CTRL_C = '\x03'
const ARROWS: Readonly<Record<string, string>> = { A: 'up', B: 'down', C: 'right', D: 'left' }

/** Asks telnet for single keys, not lines, without echo, and for the size of the window. */
export const CHARACTER_MODE = Buffer.from([
  IAC,
  WILL,
  ECHO,
  IAC,
  WILL,
  SUPPRESS_GO_AHEAD,
  IAC,
  DO,
  WINDOW_SIZE,
])

export type Input =
  /** One character, or `up`, `down`, `right`, `left`. */
  | { readonly type: 'key'; readonly key: string }
  /** 0 where the terminal does not know. */
  | { readonly type: 'window'; readonly columns: number; readonly rows: number }

type State = 'keys' | 'command' | 'option' | 'subnegotiation' | 'command inside' | 'escape' | 'arrow'

export class TelnetDecoder {
  #state: State = 'keys'
  /** The beginning of a subnegotiation: its option, and as much as a window size has. The rest is dropped. */
  #inside: number[] = []

  /** Every input that `chunk` completes. No bytes are wrong here: what makes no sense is skipped. */
  push(chunk: Uint8Array): readonly Input[] {
    const inputs: Input[] = []
    for (const byte of chunk) {
      const input = this.#take(byte)
      if (input !== undefined) inputs.push(input)
    }
    return inputs
  }

  #take(byte: number): Input | undefined {
    switch (this.#state) {
      case 'keys':
        return this.#key(byte)
      case 'command':
        return this.#command(byte)
      case 'option':
        this.#state = 'keys'
        return undefined
      case 'subnegotiation':
        if (byte === IAC) this.#state = 'command inside'
        else this.#keep(byte)
        return undefined
      case 'command inside':
        return this.#commandInside(byte)
      case 'escape':
        this.#state = byte === 0x5b || byte === 0x4f ? 'arrow' : 'keys'
        return undefined
      case 'arrow':
        return this.#arrow(byte)
    }
  }

  #key(byte: number): Input | undefined {
    if (byte === IAC) this.#state = 'command'
    else if (byte === ESCAPE) this.#state = 'escape'
    else return { type: 'key', key: String.fromCharCode(byte) }
    return undefined
  }

  #command(byte: number): Input | undefined {
    this.#state = byte === SB ? 'subnegotiation' : byte >= FIRST_NEGOTIATION && byte < IAC ? 'option' : 'keys'
    this.#inside = []
    return byte === INTERRUPT_PROCESS ? { type: 'key', key: CTRL_C } : undefined
  }

  #commandInside(byte: number): Input | undefined {
    // A byte of 255 inside a subnegotiation is sent twice.
    this.#state = byte === SE ? 'keys' : 'subnegotiation'
    if (byte === IAC) this.#keep(byte)
    return byte === SE ? this.#window() : undefined
  }

  #keep(byte: number): void {
    if (this.#inside.length < 5) this.#inside.push(byte)
  }

  #window(): Input | undefined {
    const [option, ...size] = this.#inside
    if (option !== WINDOW_SIZE || size.length !== 4) return undefined
    const [columns, rows] = [Buffer.from(size).readUInt16BE(0), Buffer.from(size).readUInt16BE(2)]
    return { type: 'window', columns, rows }
  }

  /** The end of an escape sequence: a letter. Parameters before it are skipped. */
  #arrow(byte: number): Input | undefined {
    if (byte < 0x40) return undefined
    this.#state = 'keys'
    const key = ARROWS[String.fromCharCode(byte)]
    return key === undefined ? undefined : { type: 'key', key }
  }
}
