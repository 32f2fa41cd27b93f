/** What a connection does when its link has ended and something is left: a handler that was cancelled, or whoever takes the stream over. */
import { type Awaitable, Interrupted, type Stream, shield } from '@shrapnel/core'
import type { Input } from '../connection/input.js'
import { isGone, isThenable } from '../connection/stream-end.js'
import { UpgradedStream } from '../connection/upgraded-stream.js'
import type { HttpRequest, HttpResponse, UpgradeServer } from '../message.js'

/** What a handler that was cancelled gets to end, when the coroutine itself was shut down. */
const END_GRACE_MS = 1_000

/** What a handler said that the connection becomes. */
export interface Upgrade {
  readonly takeOver: NonNullable<HttpResponse['upgrade']>
  /** The request, for a report of a failure, or no more than its name. */
  readonly asked: HttpRequest | string
}

export interface Unfinished extends UpgradeServer {
  readonly stream: Stream
  readonly input: Input
  /** A handler has not ended yet. */
  readonly isAnswering: boolean
  upgrade: Upgrade | null
  readonly isFlushing: boolean
  readonly isLost: boolean
  /** Until the handler has ended, or what was to be sent is. */
  untilWoken(): Promise<void>
  /** Tells of an error that nobody else sees. */
  report(error: unknown, asked: HttpRequest | string): void
}

/** No async function where nothing is waited for: thousands of WebSockets wait in here for hours, and whatever is kept for them is all that they cost. */
export function finish(connection: Unfinished): Awaitable<void> {
  if (connection.isAnswering || (connection.upgrade !== null && connection.isFlushing))
    return finishOthers(connection)
  return handOver(connection)
}

async function finishOthers(connection: Unfinished): Promise<void> {
  if (connection.isAnswering) await untilAnswered(connection)
  if (connection.upgrade !== null && connection.isFlushing) await connection.untilWoken()
  await handOver(connection)
}

/** The handler was cancelled, and may be cleaning up. */
async function untilAnswered(connection: Unfinished): Promise<void> {
  await connection.untilWoken().catch(() => {})
  // This coroutine was cancelled too: the handler gets a little time all the same.
  if (connection.isAnswering) await shield(END_GRACE_MS, () => connection.untilWoken()).catch(() => {})
}

/** Gives the connection away if that is what was asked for. */
function handOver(connection: Unfinished): Awaitable<void> {
  const { stream, input, upgrade } = connection
  connection.upgrade = null
  if (upgrade === null || connection.isLost) return undefined
  const { takeOver, asked } = upgrade
  const early = input.takeAll()
  let ended: Awaitable<void>
  try {
    ended = takeOver(early.length === 0 ? stream : new UpgradedStream(stream, early), connection)
  } catch (error) {
    return takenBack(connection, error, asked)
  }
  if (!isThenable(ended)) return undefined
  return ended.then(undefined, (error) => takenBack(connection, error, asked))
}

function takenBack(connection: Unfinished, error: unknown, asked: HttpRequest | string): void {
  if (error instanceof Interrupted) throw error
  // That the client goes away is how most of them end.
  if (!isGone(error)) connection.report(error, asked)
}
