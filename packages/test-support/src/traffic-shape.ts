/**
 * What a cutting proxy does to one direction of a connection, and the loop that does it: carries bytes from one socket
 * to another, late, slowly, in small pieces, and up to a certain byte. It reads no protocol and never changes, repeats
 * or reorders a byte. What happens after the cut is the proxy's business.
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

/**
 * How a direction ends: `reset` breaks the whole connection (RST to both peers; a UNIX socket knows no RST and is
 * closed), `end` sends FIN to the receiver and swallows the rest, `stall` stops reading and says nothing.
 */
export type Cut = 'reset' | 'end' | 'stall'

export interface TrafficShape {
  /** So many bytes of each connection are passed on, exactly, then comes the cut. 0 cuts at once. */
  readonly cutAfterBytes?: number | undefined
  /** `reset` unless given. */
  readonly cut?: Cut | undefined
  /** Each block that is read waits so long before it is passed on, one after the other. */
  readonly delayMs?: number | undefined
  /** Passes on at most so many bytes in one write, and lets the event loop turn between writes. */
  readonly splitEvery?: number | undefined
  /** Writes end after this many bytes of each connection, and the event loop turns: a message is torn at that byte. */
  readonly splitAfterBytes?: number | undefined
  readonly throttleBytesPerSecond?: number | undefined
}

export interface Carrier {
  readonly source: Socket
  readonly target: Socket
  readonly shape: TrafficShape
  /** Resolves when the next piece may pass: true, or false if it must be dropped. */
  readonly mayPass: () => Promise<boolean>
  readonly onPassed: (bytes: number) => void
  /** Ends the delays when the connection is over. */
  readonly signal: AbortSignal
}

/** A throttled direction is written in pieces of at most this long, so that it trickles rather than jerks. */
const THROTTLE_PIECE_MS = 20

/** Turns between two split writes: one to let a receiver in this process be told, one to let it read. */
const SPLIT_TURNS = 2

/** Throws a RangeError for numbers that mean nothing. */
export function checkShape(shape: TrafficShape): TrafficShape {
  const { cutAfterBytes, delayMs, splitEvery, splitAfterBytes, throttleBytesPerSecond } = shape
  if (cutAfterBytes !== undefined && !(Number.isInteger(cutAfterBytes) && cutAfterBytes >= 0)) {
    throw new RangeError(`cutAfterBytes cannot be ${cutAfterBytes}`)
  }
  if (delayMs !== undefined && !(delayMs >= 0)) throw new RangeError(`delayMs cannot be ${delayMs}`)
  if (splitEvery !== undefined && !(Number.isInteger(splitEvery) && splitEvery > 0)) {
    throw new RangeError(`splitEvery cannot be ${splitEvery}`)
  }
  if (splitAfterBytes !== undefined && !(Number.isInteger(splitAfterBytes) && splitAfterBytes > 0)) {
    throw new RangeError(`splitAfterBytes cannot be ${splitAfterBytes}`)
  }
  if (throttleBytesPerSecond !== undefined && !(throttleBytesPerSecond > 0)) {
    throw new RangeError(`throttleBytesPerSecond cannot be ${throttleBytesPerSecond}`)
  }
  return shape
}

/** Passes bytes on until the source ends or the shape cuts. Rejects when either socket breaks or `signal` aborts. */
export async function carry(carrier: Carrier): Promise<'source ended' | Cut> {
  const { source, target, shape, signal } = carrier
  const cut = shape.cut ?? 'reset'
  let left = shape.cutAfterBytes ?? Infinity
  let toSplit = shape.splitAfterBytes ?? Infinity
  if (left === 0) return cut
  const pace = new Pace(shape.throttleBytesPerSecond ?? Infinity)
  const pieceBytes = Math.min(shape.splitEvery ?? Infinity, pace.pieceBytes)

  // Not `for await (… of source)`: leaving that loop destroys the socket, and after the cut it must live.
  for await (const block of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (shape.delayMs !== undefined) await sleep(shape.delayMs, undefined, { signal })
    const passing = block.subarray(0, Math.min(left, block.length))
    for (let at = 0, end = 0; at < passing.length; at = end) {
      end = Math.min(at + pieceBytes, passing.length)
      if (toSplit > 0 && toSplit < end - at) end = at + toSplit
      toSplit -= end - at
      const piece = passing.subarray(at, end)
      if (!(await carrier.mayPass())) continue
      await write(target, piece)
      carrier.onPassed(piece.length)
      left -= piece.length
      if (shape.splitEvery !== undefined || toSplit === 0) await turns(SPLIT_TURNS)
      await pace.rest(piece.length, signal)
    }
    if (left === 0) return cut
  }
  return 'source ended'
}

/** Keeps to a number of bytes a second. Debts are carried over, so that slow timers do not make it slower. */
class Pace {
  readonly #bytesPerSecond: number
  #nextAt = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  get pieceBytes(): number {
    return Math.max(1, Math.floor((this.#bytesPerSecond * THROTTLE_PIECE_MS) / 1000))
  }

  async rest(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === Infinity) return
    const now = performance.now()
    this.#nextAt = Math.max(this.#nextAt, now - THROTTLE_PIECE_MS) + (bytes * 1000) / this.#bytesPerSecond
    if (this.#nextAt > now) await sleep(this.#nextAt - now, undefined, { signal })
  }
}

/** Resolves when the kernel has taken all of it. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}
