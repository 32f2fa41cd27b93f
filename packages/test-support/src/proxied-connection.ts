/**
 * One connection through a cutting proxy: two sockets and what may befall them. The bytes are carried by
 * traffic-shape.ts; here is what a cut, an end and an error of one side mean for the other. Promise: no error escapes,
 * and `over` resolves when both sockets are closed.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Cut, carry, type TrafficShape } from './traffic-shape.js'
import { untilRead } from './unread-bytes.js'

/** How long a reset waits for the peers to read what came before it. */
const RESET_PATIENCE_MS = 250

export interface ConnectionPlan {
  readonly toUpstream: TrafficShape
  readonly toClient: TrafficShape
  /** Resolves when the proxy is not paused. */
  readonly whenOpen: () => Promise<void>
  readonly onPassedToUpstream: (bytes: number) => void
  readonly onPassedToClient: (bytes: number) => void
  readonly onError: (error: Error) => void
}

export class ProxiedConnection {
  /** Resolves, never rejects, when both sockets are closed. */
  readonly over: Promise<void>
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #plan: ConnectionPlan
  readonly #abort = new AbortController()
  readonly #cutForGood = once(this.#abort.signal, 'abort')
  #mode: 'pass' | 'hold' | 'drop' = 'pass'

  constructor(client: Socket, upstream: Socket, plan: ConnectionPlan) {
    this.#client = client
    this.#upstream = upstream
    this.#plan = plan
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', (error) => {
        plan.onError(error)
        // Errors pass through as what the peer would have seen without us: a reset.
        reset(other)
      })
    }
    this.over = Promise.all([closed(client), closed(upstream)]).then(() => this.#abort.abort())
    void this.#pass(client, upstream, plan.toUpstream, plan.onPassedToUpstream)
    void this.#pass(upstream, client, plan.toClient, plan.onPassedToClient)
  }

  /** Cuts both directions now. */
  cut(cut: Cut): void {
    if (cut === 'stall') {
      this.#mode = 'hold'
      return
    }
    this.#mode = 'drop'
    this.#abort.abort()
    for (const socket of [this.#client, this.#upstream]) {
      if (cut === 'reset') reset(socket)
      else socket.end()
    }
  }

  async #pass(
    source: Socket,
    target: Socket,
    shape: TrafficShape,
    onPassed: (bytes: number) => void,
  ): Promise<void> {
    const { signal } = this.#abort
    try {
      const ending = await carry({ source, target, shape, signal, onPassed, mayPass: () => this.#mayPass() })
      if (ending === 'stall') return
      if (ending === 'reset') {
        if (shape.cutAfterBytes !== 0) {
          await Promise.all([target, source].map((socket) => untilRead(socket, RESET_PATIENCE_MS, signal)))
        }
        this.cut('reset')
        return
      }
      target.end()
      source.resume()
    } catch {
      // A socket broke, which its 'error' listener deals with, or a cut ended a delay: what is left is dropped.
      source.resume()
    }
  }

  async #mayPass(): Promise<boolean> {
    if (this.#mode === 'pass') await this.#plan.whenOpen()
    if (this.#mode === 'hold') await this.#cutForGood
    return this.#mode === 'pass'
  }
}

function reset(socket: Socket): void {
  if (socket.destroyed) return
  // libuv refuses to reset what is being shut down, and then never says 'close'. A UNIX socket has no port and no reset.
  const canReset = !socket.connecting && !socket.writableEnded && socket.localPort !== undefined
  if (canReset) socket.resetAndDestroy()
  else socket.destroy()
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
