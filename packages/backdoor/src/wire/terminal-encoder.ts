/**
 * What a program writes, as a peer needs it. A terminal in raw mode moves down on LF and nothing else, so every LF gets a CR.
 * Over telnet a CR that ends no line is followed by NUL, and 255 is doubled (RFC 854). A peer whose own terminal driver
 * sees to line ends gets the bytes as they are. It remembers the last byte, so that a CR LF cut in two stays one.
 */
import { Command } from './telnet-codes.js'

export type Encoding = 'plain' | 'raw' | 'telnet'

const CR = 13
const LF = 10
const NUL = 0

export class TerminalEncoder {
  encoding: Encoding
  #hasCr = false

  constructor(encoding: Encoding) {
    this.encoding = encoding
  }

  /** May give `bytes` themselves. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.encoding === 'plain') return bytes
    const isTelnet = this.encoding === 'telnet'
    let from = 0
    const parts: Uint8Array[] = []
    const give = (to: number): void => {
      if (to > from) parts.push(bytes.subarray(from, to))
    }
    const insert = (at: number, byte: number): void => {
      give(at)
      from = at
      parts.push(Uint8Array.of(byte))
    }
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      const hadCr = this.#hasCr
      this.#hasCr = byte === CR
      if (byte === LF) {
        if (!hadCr) insert(i, CR)
      } else if (isTelnet && hadCr && byte !== NUL) {
        insert(i, NUL)
      }
      if (isTelnet && byte === Command.IAC) insert(i, Command.IAC)
    }
    give(bytes.length)
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }
}
