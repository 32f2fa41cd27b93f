/**
 * The bytes of a telnet peer, taken apart (RFC 854, 855). Pure: it answers nothing and decides nothing.
 *
 * Text that holds no IAC passes as it is, so a peer that does not speak telnet can be read through it too: 255 does not
 * occur in UTF-8. A line end arrives as CR, whether it was sent as CR NUL, CR LF or a bare CR; the CR is given at once, and
 * what belongs to it is swallowed when it comes, because a person waits for the answer to the key. A failure is final.
 */
import { BackdoorError } from '../errors.js'
import { MAX_SUBNEGOTIATION_BYTES } from './limits.js'
import { Command, VERBS, type Verb } from './telnet-codes.js'

export type TelnetEvent =
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'command'; readonly command: number }
  | { readonly type: 'option'; readonly verb: Verb; readonly option: number }
  | { readonly type: 'subnegotiation'; readonly option: number; readonly bytes: Uint8Array }

type Place = 'data' | 'after-cr' | 'command' | 'option' | 'sub-option' | 'sub' | 'sub-command'

const CR = 13
const LF = 10
const NUL = 0

export class TelnetDecoder {
  readonly #maxSubnegotiationBytes: number
  #place: Place = 'data'
  #verb: Verb = 'will'
  #option = 0
  #sub: number[] = []

  constructor(limits: { readonly maxSubnegotiationBytes?: number } = {}) {
    this.#maxSubnegotiationBytes = limits.maxSubnegotiationBytes ?? MAX_SUBNEGOTIATION_BYTES
  }

  /** Everything `chunk` completes. The bytes of `data` are views of `chunk`. */
  push(chunk: Uint8Array): readonly TelnetEvent[] {
    const events: TelnetEvent[] = []
    let from = 0
    const give = (to: number): void => {
      if (to > from) events.push({ type: 'data', bytes: chunk.subarray(from, to) })
    }
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number
      if (this.#place === 'after-cr') {
        this.#place = 'data'
        if (byte === LF || byte === NUL) {
          give(i)
          from = i + 1
          continue
        }
      }
      if (this.#place !== 'data') {
        const event = this.#step(byte)
        if (event !== undefined) events.push(event)
        from = i + 1
      } else if (byte === Command.IAC) {
        give(i)
        from = i + 1
        this.#place = 'command'
      } else if (byte === CR) {
        this.#place = 'after-cr'
      }
    }
    give(chunk.length)
    return events
  }

  /** The peer closed. Throws `TRUNCATED` inside a command. */
  end(): void {
    if (this.#place !== 'data' && this.#place !== 'after-cr') {
      throw new BackdoorError('TRUNCATED', 'the peer closed in the middle of a telnet command')
    }
  }

  /** One byte of a command. */
  #step(byte: number): TelnetEvent | undefined {
    switch (this.#place) {
      case 'command':
        return this.#command(byte)
      case 'option':
        this.#place = 'data'
        return { type: 'option', verb: this.#verb, option: byte }
      case 'sub-option':
        this.#option = byte
        this.#sub = []
        this.#place = 'sub'
        return undefined
      case 'sub':
        if (byte === Command.IAC) this.#place = 'sub-command'
        else this.#keep(byte)
        return undefined
      default:
        return this.#subCommand(byte)
    }
  }

  #command(byte: number): TelnetEvent | undefined {
    this.#place = 'data'
    if (byte === Command.IAC) return { type: 'data', bytes: Uint8Array.of(Command.IAC) }
    const verb = VERBS[byte]
    if (verb !== undefined) {
      this.#verb = verb
      this.#place = 'option'
    } else if (byte === Command.SB) {
      this.#place = 'sub-option'
    } else {
      return { type: 'command', command: byte }
    }
    return undefined
  }

  #subCommand(byte: number): TelnetEvent | undefined {
    if (byte === Command.IAC) {
      this.#place = 'sub'
      this.#keep(byte)
      return undefined
    }
    if (byte !== Command.SE) {
      throw new BackdoorError(
        'PROTOCOL',
        `telnet: IAC ${byte} inside a subnegotiation, where only IAC and SE may follow`,
      )
    }
    this.#place = 'data'
    return { type: 'subnegotiation', option: this.#option, bytes: Uint8Array.from(this.#sub) }
  }

  #keep(byte: number): void {
    if (this.#sub.length >= this.#maxSubnegotiationBytes) {
      throw new BackdoorError(
        'LIMIT',
        `telnet: a subnegotiation exceeds maxSubnegotiationBytes (${this.#maxSubnegotiationBytes})`,
        {
          limit: 'maxSubnegotiationBytes',
        },
      )
    }
    this.#sub.push(byte)
  }
}
