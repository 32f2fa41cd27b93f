/**
 * The worms for canvases: the arena that telnet shows, over WebSocket. One coroutine looks at the arena and tells all
 * who watch what has changed; who comes later gets the whole picture first. What they send are keys, as in telnet.
 */
import { Event, inParallel, sleep } from '@shrapnel/core'
import { acceptWebSocket, broadcast, type Handler, type WebSocketConnection } from '@shrapnel/http'
import type { Arena } from '../../tutorial/worms/arena.js'

const FRAME_MS = 50
/** What a watcher may be behind before it is let go. It comes back, and gets the whole picture. */
const MAX_QUEUED_BYTES = 64 * 1024
/** The first number of a message says what the others are. All are 16 bits, the lower byte first. */
const WHOLE = 0
const CHANGES = 1
/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001

export class ArenaFeed {
  readonly #arena: Arena
  readonly #watchers = new Set<WebSocketConnection>()
  readonly #somebody = new Event()
  /** What those who watch have been told. */
  readonly #shown: Uint16Array

  constructor(arena: Arena) {
    this.#arena = arena
    this.#shown = new Uint16Array(arena.cells)
  }

  /** A WebSocket: `/arena`. */
  readonly handler: Handler = (request) =>
    acceptWebSocket(request, { maxMessageBytes: 16 }, async (watcher) => {
      this.#join(watcher)
      try {
        await watcher.send(this.#whole())
        for await (const key of watcher) this.#press(String(key))
      } finally {
        this.#leave(watcher)
      }
    })

  /** Tells what changes until it is shut down. While nobody watches it does nothing. */
  async run(): Promise<never> {
    for (;;) {
      await this.#somebody.wait()
      const changes = this.#changes()
      if (changes.length > 1) {
        const message = bytesOf(changes)
        await broadcast(this.#watchers, message, { slow: 'close', maxQueuedBytes: MAX_QUEUED_BYTES })
      }
      await sleep(FRAME_MS)
    }
  }

  async close(): Promise<void> {
    await inParallel([...this.#watchers].map((watcher) => () => watcher.close(GOING_AWAY)))
  }

  #join(watcher: WebSocketConnection): void {
    if (this.#watchers.size === 0) this.#shown.set(this.#arena.cells)
    this.#watchers.add(watcher)
    this.#arena.watchers++
    this.#somebody.set()
  }

  #leave(watcher: WebSocketConnection): void {
    this.#watchers.delete(watcher)
    this.#arena.watchers--
    if (this.#watchers.size === 0) this.#somebody.reset()
  }

  #whole(): Uint8Array {
    return bytesOf([WHOLE, this.#arena.width, this.#arena.height, ...this.#shown])
  }

  /** Place and cell of each that has changed. */
  #changes(): number[] {
    const changes = [CHANGES]
    for (const [place, cell] of this.#arena.cells.entries()) {
      if (this.#shown[place] === cell) continue
      this.#shown[place] = cell
      changes.push(place, cell)
    }
    return changes
  }

  #press(key: string): void {
    if (key === 'n') this.#arena.hatch()
    else if (key === 'c') this.#arena.cull()
    else if (key === 'l') this.#arena.lengthen()
    else if (key === 'h') this.#arena.hoffa()
  }
}

function bytesOf(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(numbers.length * 2)
  for (const [index, number] of numbers.entries()) bytes.writeUInt16LE(number, index * 2)
  return bytes
}
