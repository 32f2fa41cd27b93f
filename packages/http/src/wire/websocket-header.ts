/**
 * The header of a frame (RFC 6455, 5.2), read where it lies. What is wrong with it is found with the bytes that say so, however few of the
 * others have come.
 */
import {
  BINARY,
  broken,
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FINAL,
  MASKED,
  MAX_CONTROL_BYTES,
  PONG,
  RESERVED,
  tooBig,
} from './websocket-frame.js'

/** What all frames of a connection must be. */
export interface FrameRules {
  readonly isMasked: boolean
  readonly allowsCompression: boolean
  readonly maxMessageBytes: number
}

export class FrameHeader {
  /** The first byte: bits and opcode. */
  first = 0
  /** Of the payload, in bytes. */
  length = 0
  /** Its mask, the first byte lowest. */
  key = 0

  /**
   * Reads it from `at`: its size, or 0 if it ends behind `to`. `begun`: the bytes that the message has so far whose continuation may come;
   * below 0: there is none. Throws `WS_PROTOCOL`, `WS_LIMIT`.
   */
  parse(bytes: Buffer, at: number, to: number, rules: FrameRules, begun: number): number {
    if (to === at) return 0
    const first = bytes[at] as number
    checkFirst(first, rules, begun >= 0)
    if (to - at < 2) return 0
    const second = bytes[at + 1] as number
    if (((second & MASKED) !== 0) !== rules.isMasked)
      throw broken(
        rules.isMasked ? 'a frame of a client that is not masked' : 'a frame of a server that is masked',
      )
    let length = second & 127
    const isControl = (first & 8) !== 0
    if (isControl && length > MAX_CONTROL_BYTES) throw broken('a control frame of more than 125 bytes')
    let size = 2
    if (length >= 126) {
      size = length === 126 ? 4 : 10
      if (to - at < size) return 0
      length = length === 126 ? bytes.readUInt16BE(at + 2) : longLength(bytes, at + 2)
      if (length < (size === 4 ? 126 : 65_536)) throw broken('a length in more bytes than it needs')
    }
    if (!isControl && Math.max(0, begun) + length > rules.maxMessageBytes) throw tooBig(rules.maxMessageBytes)
    if (rules.isMasked) {
      const mask = at + size
      size += 4
      if (to - at < size) return 0
      this.key =
        (bytes[mask] as number) |
        ((bytes[mask + 1] as number) << 8) |
        ((bytes[mask + 2] as number) << 16) |
        ((bytes[mask + 3] as number) << 24)
    }
    this.first = first
    this.length = length
    return size
  }
}

function checkFirst(first: number, { allowsCompression }: FrameRules, isInMessage: boolean): void {
  const opcode = first & 15
  if ((first & RESERVED) !== 0) throw broken('a frame with reserved bits')
  if (opcode >= CLOSE) {
    if (opcode > PONG) throw broken(`a frame with the opcode ${opcode}`)
    if ((first & FINAL) === 0) throw broken('a control frame in fragments')
    if ((first & COMPRESSED) !== 0) throw broken('a control frame that is compressed')
    return
  }
  if (opcode > BINARY) throw broken(`a frame with the opcode ${opcode}`)
  if (opcode === CONTINUATION) {
    if (!isInMessage) throw broken('a continuation of nothing')
    if ((first & COMPRESSED) !== 0) throw broken('a continuation that says it is compressed')
  } else {
    if (isInMessage) throw broken('a message inside of another')
    if ((first & COMPRESSED) !== 0 && !allowsCompression)
      throw broken('a compressed message, which was not agreed on')
  }
}

function longLength(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at)
  if (high >= 0x8000_0000) throw broken('a length of 64 bits whose first is set')
  return high * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}
