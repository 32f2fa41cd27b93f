/** Frames on their way out. A client masks each with a key of its own, a server none. */
import { FINAL, MASKED } from './websocket-frame.js'
import { applyMask } from './websocket-mask.js'

/** How long the header of a frame is. */
export function headerBytes(payloadBytes: number, isMasked: boolean): number {
  const length = payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10
  return isMasked ? length + 4 : length
}

/** Writes a header; where the payload begins. `first`: opcode and the bits of the first byte. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  first: number,
  payloadBytes: number,
  isMasked: boolean,
  key: number,
): number {
  const mask = isMasked ? MASKED : 0
  into[at++] = first
  if (payloadBytes < 126) into[at++] = mask | payloadBytes
  else {
    if (payloadBytes < 65_536) into[at++] = mask | 126
    else {
      const high = Math.floor(payloadBytes / 0x1_0000_0000)
      into[at++] = mask | 127
      into[at++] = into[at++] = 0
      into[at++] = high >>> 8
      into[at++] = high
      into[at++] = payloadBytes >>> 24
      into[at++] = payloadBytes >>> 16
    }
    into[at++] = payloadBytes >>> 8
    into[at++] = payloadBytes
  }
  if (isMasked) {
    into[at++] = key
    into[at++] = key >>> 8
    into[at++] = key >>> 16
    into[at++] = key >>> 24
  }
  return at
}

/** One frame, in a Buffer of its own; masked if there is a key. */
export function encodeFrame(opcode: number, payload: Uint8Array, key?: number, bits: number = FINAL): Buffer {
  const isMasked = key !== undefined
  const frame = Buffer.allocUnsafe(headerBytes(payload.length, isMasked) + payload.length)
  const from = writeHeader(frame, 0, bits | opcode, payload.length, isMasked, key ?? 0)
  frame.set(payload, from)
  if (isMasked) applyMask(frame, from, frame.length, key)
  return frame
}
