/** What a close frame says (RFC 6455, 5.5.1 and 7.4). */
import { isUtf8 } from 'node:buffer'
import { badText, broken, MAX_CONTROL_BYTES, NO_STATUS } from './websocket-frame.js'

export const MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2

export interface Closing {
  readonly code: number
  readonly reason: string
}

/** Whether a close frame may carry it: those of RFC 6455 and of the registry, and 3000 to 4999, which are the programs'. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
}

/** 1005 if the frame says nothing. Throws `WS_PROTOCOL`, `WS_TEXT`. */
export function parseClosing(payload: Buffer): Closing {
  if (payload.length === 0) return { code: NO_STATUS, reason: '' }
  if (payload.length === 1) throw broken('a close frame of one byte')
  const code = payload.readUInt16BE(0)
  if (!isCloseCode(code)) throw broken(`a close frame with the code ${code}`)
  const reason = payload.subarray(2)
  if (!isUtf8(reason)) throw badText('the reason of a close frame')
  return { code, reason: reason.toString() }
}

/** The payload. 1005 is none. */
export function encodeClosing(code: number, reason: string): Buffer {
  if (code === NO_STATUS) return Buffer.alloc(0)
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code, 0)
  payload.write(reason, 2)
  return payload
}
