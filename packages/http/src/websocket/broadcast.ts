/** One message to many, encoded once; compressed once for each window that was agreed on. Whoever is slow holds nobody up. */
import { interruptible } from '@shrapnel/core'
import { checkInteger, checkOptionNames, toBytes, wrongType } from '@shrapnel/core/parts'
import { encodeFrame } from '../wire/websocket-encoder.js'
import { BINARY, COMPRESSED, FINAL, POLICY_VIOLATION, TEXT } from '../wire/websocket-frame.js'
import { randomKey } from '../wire/websocket-mask.js'
import type { Endpoint } from './endpoint.js'
import { WebSocketConnection } from './web-socket-connection.js'
import { startDeflate } from './zlib-work.js'

export interface BroadcastOptions {
  /** What becomes of a receiver that is slow: `drop`, it misses this message; `close`, it is closed with 1008. `drop` unless given. */
  readonly slow?: 'drop' | 'close'
  /** Slow is for whom more than this would be queued, in bytes. 1 MiB unless given. */
  readonly maxQueuedBytes?: number
}

export interface BroadcastResult {
  /** For how many it is on its way. */
  readonly sent: number
  /** How many were slow. */
  readonly slow: number
  /** How many had been closed. */
  readonly closed: number
}

const OPTIONS = new Set(['slow', 'maxQueuedBytes'])
const DEFAULT_QUEUED_BYTES = 1024 * 1024

/**
 * Sends `message`, text from a string and binary from bytes, to each of `sockets` that is open. Waits for nobody who receives, only for the
 * compression where that was agreed on; the bytes must not be changed before it is done. It stands in the order of `send` on each socket, and
 * is never put into the middle of another message. Cancelled while it is being compressed, those without compression have it.
 */
export async function broadcast(
  sockets: Iterable<WebSocketConnection>,
  message: string | Uint8Array,
  options: BroadcastOptions = {},
): Promise<BroadcastResult> {
  checkOptionNames(options, OPTIONS)
  const { slow = 'drop', maxQueuedBytes = DEFAULT_QUEUED_BYTES } = options
  if (slow !== 'drop' && slow !== 'close') throw wrongType('slow', "'drop' or 'close'", slow)
  checkInteger('maxQueuedBytes', maxQueuedBytes, 0, Number.MAX_SAFE_INTEGER)
  const opcode = typeof message === 'string' ? TEXT : BINARY
  const payload = toBytes('message', message)
  const round = new Round(payload, opcode, slow === 'close', maxQueuedBytes)
  const later = new Map<string, Endpoint[]>()
  for (const socket of sockets) {
    const endpoint = WebSocketConnection.endpointOf(socket)
    const { deflate, settings } = endpoint
    const { compression } = settings
    if (deflate === null || compression === null || payload.length < compression.thresholdBytes)
      round.give(endpoint)
    else {
      const setting = `${deflate.ownWindowBits} ${compression.level}`
      const group = later.get(setting)
      if (group === undefined) later.set(setting, [endpoint])
      else group.push(endpoint)
    }
  }
  for (const [setting, endpoints] of later) {
    const [windowBits, level] = setting.split(' ').map(Number) as [number, number]
    const { work } = await startDeflate(payload, windowBits, level)
    const compressed = new Round(
      await interruptible(work),
      COMPRESSED | opcode,
      round.closesSlow,
      maxQueuedBytes,
    )
    for (const endpoint of endpoints) compressed.give(endpoint)
    round.sent += compressed.sent
    round.slow += compressed.slow
    round.closed += compressed.closed
  }
  const { sent, closed } = round
  return { sent, slow: round.slow, closed }
}

class Round {
  sent = 0
  slow = 0
  closed = 0
  readonly closesSlow: boolean
  readonly #payload: Uint8Array
  readonly #first: number
  readonly #maxQueuedBytes: number
  #frame: Buffer | null = null

  constructor(payload: Uint8Array, first: number, closesSlow: boolean, maxQueuedBytes: number) {
    this.#payload = payload
    this.#first = first
    this.closesSlow = closesSlow
    this.#maxQueuedBytes = maxQueuedBytes
  }

  give(endpoint: Endpoint): void {
    if (!endpoint.ending.isOpen) {
      this.closed++
      return
    }
    const { outbox } = endpoint
    const frame = this.#frameFor(endpoint)
    // What only waits for the end of the turn is nobody's slowness.
    if (outbox.queuedBytes + frame.length > this.#maxQueuedBytes) outbox.flush()
    if (outbox.queuedBytes > 0 && outbox.queuedBytes + frame.length > this.#maxQueuedBytes) {
      this.slow++
      if (this.closesSlow) endpoint.ending.closeNow(POLICY_VIOLATION, 'too slow')
    } else {
      outbox.share(frame)
      this.sent++
    }
  }

  /** A client masks each frame with a key of its own. */
  #frameFor({ isClient }: Endpoint): Buffer {
    if (isClient) return encodeFrame(0, this.#payload, randomKey(), FINAL | this.#first)
    this.#frame ??= encodeFrame(0, this.#payload, undefined, FINAL | this.#first)
    return this.#frame
  }
}
