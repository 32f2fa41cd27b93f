/**
 * Server-sent events (HTML, 9.2): a response that goes on. The program sends when it has something, waits
 * while the client does not take it, and is interrupted when the client has gone.
 */
import {
  type Coroutine,
  current,
  Fifo,
  Interrupted,
  shield,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '@shrapnel/core'
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptionNames,
  reportFailure,
} from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse } from '../message.js'
import { encodeComment, encodeEvent, type ServerSentEvent } from '../wire/server-sent-event.js'

/**
 * Sends one event, or text as the data of one. Waits while `maxQueuedEvents` wait for the client. Throws
 * `ERR_INVALID_ARG_VALUE` for fields with line ends.
 */
export interface SendEvent {
  (event: ServerSentEvent | string): Promise<void>
  /** A line that clients ignore. */
  comment(text: string): Promise<void>
  /** What the client has seen last, by its Last-Event-ID: where to go on. Empty: it is new. */
  readonly lastEventId: string
}

export interface EventStreamOptions {
  /** What the client waits before it comes again, in milliseconds; its own idea unless given. */
  readonly retryMs?: number
  /**
   * A comment is sent when nothing else was for so long, so that nobody between takes the connection for
   * dead, and a client that is gone is noticed. 15,000 unless given.
   */
  readonly heartbeatMs?: number
  /** Events that wait for the client before `send` does. 16 unless given. */
  readonly maxQueuedEvents?: number
}

const OPTIONS = new Set(['retryMs', 'heartbeatMs', 'maxQueuedEvents'])
const MAX_ID_LENGTH = 1_024
/** What `fn` gets to clean up. */
const END_GRACE_MS = 1_000
const HEADERS = Object.freeze({
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // nginx would gather them.
  'X-Accel-Buffering': 'no',
})

interface Settings {
  readonly first: string
  readonly heartbeatMs: number
  readonly maxQueuedEvents: number
}

/**
 * A response of events, which `fn` sends in a coroutine of its own. It ends when `fn` returns; what `fn`
 * throws breaks the response off, so that the client comes again. When the client goes away `fn` is shut down
 * wherever it waits. All events of one turn go out in one write.
 */
export function eventStream(
  request: HttpRequest,
  fn: (send: SendEvent) => Promise<void> | void,
  options: EventStreamOptions = {},
): HttpResponse {
  checkFunction('fn', fn)
  checkOptionNames(options, OPTIONS)
  const { retryMs, heartbeatMs = 15_000, maxQueuedEvents = 16 } = options
  if (retryMs !== undefined) checkInteger('retryMs', retryMs, 0, 2 ** 31)
  const settings = {
    // The client is told at once that it is connected.
    first: retryMs === undefined ? encodeComment('') : `retry: ${retryMs}\n\n`,
    heartbeatMs: checkDuration('heartbeatMs', heartbeatMs),
    maxQueuedEvents: checkInteger('maxQueuedEvents', maxQueuedEvents, 1, 2 ** 20),
  }
  return { status: 200, headers: HEADERS, body: pieces(fn, lastEventIdOf(request), settings) }
}

function lastEventIdOf(request: HttpRequest): string {
  const field = request.headers.get('last-event-id') ?? ''
  return field.length > MAX_ID_LENGTH ? '' : Buffer.from(field, 'latin1').toString()
}

async function* pieces(
  fn: (send: SendEvent) => Promise<void> | void,
  lastEventId: string,
  { first, heartbeatMs, maxQueuedEvents }: Settings,
): AsyncGenerator<string, void> {
  const queue = new Fifo<string>(maxQueuedEvents)
  const push = async (piece: string): Promise<void> => queue.push(piece)
  const send = Object.assign((event: ServerSentEvent | string) => push(encodeEvent(event)), {
    comment: (text: string) => push(encodeComment(text)),
    lastEventId,
  })
  let failure: { readonly error: unknown } | null = null
  const sender = spawn({ name: `events for coroutine ${current().id}`, daemon: true }, async () => {
    try {
      await fn(send)
    } catch (error) {
      // What went wrong because the client left is nobody's business.
      if (!(error instanceof Interrupted)) failure = { error }
    } finally {
      queue.close()
    }
  })
  try {
    yield first
    for (;;) {
      const text = await nextText(queue, heartbeatMs)
      if (text === undefined) break
      yield text
    }
    // The server breaks the answer off, and reports it.
    const thrown = failure as { readonly error: unknown } | null
    failure = null
    if (thrown !== null) throw thrown.error
  } finally {
    await ended(sender)
    const late = failure as { readonly error: unknown } | null
    if (late !== null) reportFailure(late.error, sender, 'failed when its client had gone')
  }
}

/** Undefined: that was all. */
async function nextText(queue: Fifo<string>, heartbeatMs: number): Promise<string | undefined> {
  if (queue.isClosed && queue.size === 0 && queue.waitingPushers === 0) return undefined
  try {
    const first = await withTimeout(heartbeatMs, () => queue.popAll())
    // Whoever sent it may be about to send more.
    await yieldSlice()
    const more = queue.size > 0 ? await queue.popAll() : []
    return [...first, ...more].join('')
  } catch (error) {
    if (error instanceof TimeoutError) return encodeComment('')
    if (queue.isClosed && (error as { code?: unknown }).code === 'CHANNEL_CLOSED') return undefined
    throw error
  }
}

async function ended(sender: Coroutine<void>): Promise<void> {
  if (sender.isDead) return
  sender.shutdown('the client has gone away')
  await shield(END_GRACE_MS, () => sender.join()).catch(() => {})
}
