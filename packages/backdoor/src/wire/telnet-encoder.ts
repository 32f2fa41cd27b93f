/** Telnet in the other direction: commands into bytes, and text into what a terminal on the far side shows as we meant it. */
import { Command, type Verb } from './telnet-codes.js'

const CODES: Readonly<Record<Verb, number>> = {
  will: Command.WILL,
  wont: Command.WONT,
  do: Command.DO,
  dont: Command.DONT,
}

export function encodeOption(verb: Verb, option: number): Uint8Array {
  return Uint8Array.of(Command.IAC, CODES[verb], option)
}

export function encodeCommand(command: number): Uint8Array {
  return Uint8Array.of(Command.IAC, command)
}

export function encodeSubnegotiation(option: number, bytes: Uint8Array): Uint8Array {
  const escaped = [...bytes].flatMap((byte) => (byte === Command.IAC ? [byte, byte] : [byte]))
  return Uint8Array.of(Command.IAC, Command.SB, option, ...escaped, Command.IAC, Command.SE)
}

/** The content of a window size subnegotiation: width and height, two bytes each (RFC 1073). */
export function encodeWindowSize(columns: number, rows: number): Uint8Array {
  return Uint8Array.of(columns >> 8, columns & 255, rows >> 8, rows & 255)
}

/** undefined: not four bytes. 0 means that the peer does not know. */
export function decodeWindowSize(bytes: Uint8Array): { columns: number; rows: number } | undefined {
  const [a, b, c, d] = bytes
  if (bytes.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined)
    return undefined
  return { columns: (a << 8) | b, rows: (c << 8) | d }
}
