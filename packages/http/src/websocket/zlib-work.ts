/**
 * permessage-deflate's work (RFC 7692, 7.2), in zlib's threads: a few messages at a time in the whole process, whatever the number of
 * connections, each with memory that is given back with its result. More at a time would take memory and be no faster.
 */
import { constants, deflateRaw, inflateRaw } from 'node:zlib'
import { Semaphore } from '@shrapnel/core'
import { WebSocketError } from '../errors.js'
import { broken, tooBig } from '../wire/websocket-frame.js'
import { TRAILER_BYTES } from '../wire/websocket-gathered.js'

/** As many threads as libuv has. */
const MAX_AT_A_TIME = 4
/** Half of zlib's usual memory for matching, for 1% of size. */
const MEM_LEVEL = 7

const slots = new Semaphore(MAX_AT_A_TIME)

/** Waits for a slot; what it gives then goes on by itself. Cancelled, nothing was begun. */
export async function startDeflate(
  bytes: Uint8Array,
  windowBits: number,
  level: number,
): Promise<{ readonly work: Promise<Buffer> }> {
  await slots.acquire()
  const options = { windowBits, level, memLevel: MEM_LEVEL, finishFlush: constants.Z_SYNC_FLUSH }
  const work = released(
    new Promise<Buffer>((resolve, reject) => {
      deflateRaw(bytes, options, (error, result) => {
        if (error !== null) reject(error)
        else resolve(withoutTrailer(result))
      })
    }),
  )
  return { work }
}

/** As `startDeflate`. `bytes` has room for the trailer behind `length`. The work fails with `WS_LIMIT`, `WS_PROTOCOL`. */
export async function startInflate(
  bytes: Buffer,
  length: number,
  windowBits: number,
  maxMessageBytes: number,
): Promise<{ readonly work: Promise<Buffer> }> {
  await slots.acquire()
  bytes.writeUInt32BE(0x0000ffff, length)
  const options = { windowBits, maxOutputLength: maxMessageBytes, finishFlush: constants.Z_SYNC_FLUSH }
  const work = released(
    new Promise<Buffer>((resolve, reject) => {
      inflateRaw(bytes.subarray(0, length + TRAILER_BYTES), options, (error, result) => {
        if (error === null) resolve(result)
        else reject(inflateError(error, maxMessageBytes))
      })
    }),
  )
  return { work }
}

/** Gives the slot back when the work has ended. Nobody may be there to hear of it: whoever waited was cancelled. */
function released(work: Promise<Buffer>): Promise<Buffer> {
  const release = (): void => slots.release()
  work.then(release, release)
  return work
}

function inflateError(error: Error, maxMessageBytes: number): WebSocketError {
  if ((error as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return tooBig(maxMessageBytes)
  const { message, closeCode } = broken('a message that cannot be decompressed')
  return new WebSocketError('WS_PROTOCOL', message, { closeCode: closeCode as number, cause: error })
}

/** A flush ends with an empty block of four bytes, which is not sent. */
function withoutTrailer(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length - TRAILER_BYTES)
}

/** How many messages are being worked on. For tests. @internal */
export function zlibInUse(): number {
  return MAX_AT_A_TIME - slots.available
}
