/**
 * A server that cannot even start a process for us says so in the protocol of twenty years ago: an `E`, and text up to a NUL in place of a
 * length. It is told from today's errors by the length that the text would be.
 */
import { PostgresError } from '../errors.js'
import { Backend } from '../wire/index.js'
import type { MessageReader } from './message-reader.js'

const HEADER_BYTES = 5
/** Four characters in place of a length; no message is as long as that. */
const LEAST_TEXT = 0x09090909
const MAX_OLD_TEXT_BYTES = 4096

/** Waits for the beginning of the first message, and gives it to the cutter unless it is such an error: PG_SERVER then. */
export async function checkOldError(reader: MessageReader): Promise<void> {
  let head = await reader.receive()
  while (head.length < HEADER_BYTES && head[0] === Backend.errorResponse)
    head = Buffer.concat([head, await reader.receive()])
  if (head[0] === Backend.errorResponse && head.readInt32BE(1) >= LEAST_TEXT) await failWith(reader, head)
  reader.cutter.push(head)
}

async function failWith(reader: MessageReader, head: Buffer): Promise<never> {
  let text = head.subarray(1)
  while (!text.includes(0) && text.length < MAX_OLD_TEXT_BYTES) {
    const more = await reader.stream.recv()
    if (more.length === 0) break
    text = Buffer.concat([text, more])
  }
  const end = text.indexOf(0)
  const message = text
    .toString('utf8', 0, end < 0 ? MAX_OLD_TEXT_BYTES : end)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
  const report = { severity: 'FATAL', message }
  throw new PostgresError('PG_SERVER', `the server refuses: ${message}`, { report, safeToRetry: true })
}
