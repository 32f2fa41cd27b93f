/** What a connection does when its link has ended and something is left: a handler that was cancelled, or whoever takes the stream over. */
import { Interrupted, type Stream, shield } from '@shrapnel/core'
import type { Input } from '../connection/input.js'
import { isGone } from '../connection/stream-end.js'
import { UpgradedStream } from '../connection/upgraded-stream.js'
import type { HttpResponse, UpgradeServer } from '../message.js'

/** What a handler that was cancelled gets to end, when the coroutine itself was shut down. */
const END_GRACE_MS = 1_000

/** What a handler said that the connection becomes. */
export interface Upgrade {
  readonly takeOver: NonNullable<HttpResponse['upgrade']>
  /** Tells of an error that nobody else sees. */
  report(error: unknown): void
}

export interface Unfinished extends UpgradeServer {
  readonly stream: Stream
  readonly input: Input
  /** A handler has not ended yet. */
  readonly isAnswering: boolean
  readonly upgrade: Upgrade | null
  readonly isFlushing: boolean
  readonly isLost: boolean
  /** Until the handler has ended, or what was to be sent is. */
  untilWoken(): Promise<void>
}

export async function finish(connection: Unfinished): Promise<void> {
  if (connection.isAnswering) await untilAnswered(connection)
  const { upgrade } = connection
  if (upgrade === null) return
  if (connection.isFlushing) await connection.untilWoken()
  if (!connection.isLost) await handOver(connection, upgrade)
}

/** The handler was cancelled, and may be cleaning up. */
async function untilAnswered(connection: Unfinished): Promise<void> {
  await connection.untilWoken().catch(() => {})
  // This coroutine was cancelled too: the handler gets a little time all the same.
  if (connection.isAnswering) await shield(END_GRACE_MS, () => connection.untilWoken()).catch(() => {})
}

async function handOver(connection: Unfinished, { takeOver, report }: Upgrade): Promise<void> {
  const { stream, input } = connection
  const early = input.takeAll()
  try {
    await takeOver(early.length === 0 ? stream : new UpgradedStream(stream, early), connection)
  } catch (error) {
    // That the client goes away is how most of them end.
    if (error instanceof Interrupted) throw error
    if (!isGone(error)) report(error)
  }
}
