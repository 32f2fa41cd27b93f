/**
 * A client of the arena: one coroutine reads its keys, another paints its view, as fast as this client takes
 * it and no faster than anybody can see. Neither makes a worm or another client wait.
 */
import * as coro from '@shrapnel/core'
import type { Arena } from './arena.js'
import { CHARACTER_MODE, TelnetDecoder } from './telnet.js'
import { ENTER, LEAVE, View } from './view.js'

const FRAME_MS = 40
/** A client that takes nothing for so long is let go. */
const STALLED_MS = 60_000
/** The kernel keeps what the client does not take. A large buffer would show it the past. */
const SEND_BUFFER_BYTES = 8192
const FAREWELL_MS = 500
const QUIT_KEYS = ['q', '\x03', '\x04']

export async function watch(conn: coro.Socket, arena: Arena): Promise<void> {
  const view = new View(arena)
  arena.watchers++
  try {
    conn.setOption('sendBufferBytes', SEND_BUFFER_BYTES)
    await conn.send(CHARACTER_MODE)
    await conn.send(ENTER)
    await coro.group(async (group) => {
      group.spawn({ name: 'painter' }, paint, conn, view, arena)
      await obey(conn, view, arena)
      group.cancel()
    })
  } catch (error) {
    if (!isLoss(error)) throw error
  } finally {
    arena.watchers--
    // Also when the program ends, which has cancelled everything here: hence the shield. To a client that is
    // gone it fails.
    await coro.shield(FAREWELL_MS, () => conn.send(LEAVE)).catch(() => {})
  }
}

async function paint(conn: coro.Socket, view: View, arena: Arena): Promise<void> {
  for (;;) {
    const status = `worms ${arena.worms.size}   clients ${arena.watchers}   coroutines ${coro.all().length}`
    const picture = view.update(status)
    if (picture !== '') await coro.withTimeout(STALLED_MS, () => conn.send(picture))
    await coro.sleep(FRAME_MS)
  }
}

/** Does what the keys say until one says to quit, or the client hangs up. */
async function obey(conn: coro.Socket, view: View, arena: Arena): Promise<void> {
  const decoder = new TelnetDecoder()
  for (;;) {
    const block = await conn.recv(1024)
    if (block.length === 0) return
    for (const input of decoder.push(block)) {
      if (input.type === 'window') view.resize(input.columns, input.rows)
      else if (QUIT_KEYS.includes(input.key)) return
      else press(input.key, view, arena)
    }
  }
}

function press(key: string, view: View, arena: Arena): void {
  if (key === 'r') view.redraw()
  else if (key === 'n') arena.hatch()
  else if (key === 'c') arena.cull()
  else if (key === 'l') arena.lengthen()
  else if (key === 'h') arena.hoffa()
  else if (key === 'up') view.scroll(0, -4)
  else if (key === 'down') view.scroll(0, 4)
  else if (key === 'right') view.scroll(8, 0)
  else if (key === 'left') view.scroll(-8, 0)
}

/** The client is gone or takes nothing any more, which is no fault of ours. */
function isLoss(error: unknown): boolean {
  if (error instanceof coro.GroupError) return error.errors.every(isLoss)
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'TIMEOUT', 'BROKEN'].includes(String(error.code))
}
