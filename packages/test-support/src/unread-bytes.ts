/**
 * How many bytes of a loopback connection are still on their way, as Linux tells in /proc/net/tcp: sent and not yet
 * acknowledged, or received and not yet read by the peer's program. Other systems do not tell.
 *
 * Why it matters: a reset throws away what its sender's kernel still holds, and a receiver that finds data and reset
 * together may take the reset for an ordinary end (libuv does so when its read was short). A cut that is to come after
 * exactly N bytes must therefore wait until the receiver has read them.
 */
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

const POLL_MS = 1
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Enough for a receiver in this process to be told and to read. */
const TURNS = 4

/**
 * The table holds every connection of the machine; beside 20,000 others one look takes a second. So patience is not
 * lost before so many looks have been taken.
 */
const MIN_LOOKS = 2

/** Bytes that `socket`'s peer has not read, or undefined where the system does not tell. */
export async function unreadBytes(socket: Socket): Promise<number | undefined> {
  const { localPort, remotePort } = socket
  if (localPort === undefined || remotePort === undefined) return undefined
  let total: number | undefined
  // Read in libuv's threads, so that a receiver in this process is not held up by the looking.
  for (const table of await Promise.all(TABLES.map(readTable))) {
    const ours = queuesOf(table, localPort, remotePort)
    const theirs = queuesOf(table, remotePort, localPort)
    if (ours !== undefined) total = (total ?? 0) + ours.unacknowledged
    if (theirs !== undefined) total = (total ?? 0) + theirs.unread
  }
  return total
}

/**
 * Waits until the peer has read everything that was written to `socket`, or for `patienceMs`: a peer may well never
 * read. Where the system does not tell, it waits `patienceMs`. A socket that is not TCP is not waited for.
 */
export async function untilRead(socket: Socket, patienceMs: number, signal: AbortSignal): Promise<void> {
  if (socket.localPort === undefined) return
  for (let i = 0; i < TURNS; i++) await turn()
  const deadline = performance.now() + patienceMs
  for (let looks = 1; (await unreadBytes(socket)) !== 0; looks++) {
    signal.throwIfAborted()
    if (looks >= MIN_LOOKS && performance.now() >= deadline) return
    await sleep(POLL_MS, undefined, { signal })
  }
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch {
    return '' // not Linux, or no IPv6
  }
}

/** From a row "sl: address:port address:port state send-queue:receive-queue …", all numbers in hex. */
function queuesOf(
  table: string,
  localPort: number,
  remotePort: number,
): { unacknowledged: number; unread: number } | undefined {
  const [local, remote] = [localPort, remotePort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  )
  const found = new RegExp(`:${local} [0-9A-F]+:${remote} [0-9A-F]{2} ([0-9A-F]{8}):([0-9A-F]{8}) `).exec(
    table,
  )
  if (found === null) return undefined
  const [, sending = '', receiving = ''] = found
  return { unacknowledged: Number.parseInt(sending, 16), unread: Number.parseInt(receiving, 16) }
}
