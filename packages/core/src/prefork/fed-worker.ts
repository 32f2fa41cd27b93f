/**
 * A worker that is sent its connections. Each stays open here until the worker has said that it has it, which it does before it serves
 * it: if it dies before, the connection goes to another one, unserved, and the client notices nothing.
 */

import { socketPair } from '../net/pair.js'
import type { Socket } from '../net/socket.js'
import { spawn } from '../spawn.js'
import { Mutex } from '../sync/mutex.js'
import type { Role } from './role.js'
import { WorkerProcess } from './worker-process.js'

export class FedWorker extends WorkerProcess {
  readonly #channel: Socket
  readonly #sending = new Mutex()
  /** Passed and not confirmed, in their order. */
  readonly #passed: Socket[] = []
  #confirmed = 0

  static start(role: Role): FedWorker {
    const [ours, theirs] = socketPair()
    using closing = theirs
    try {
      return new FedWorker(role, closing.fd, ours)
    } catch (error) {
      ours.close()
      throw error
    }
  }

  private constructor(role: Role, given: number, channel: Socket) {
    super(role, given)
    this.#channel = channel
  }

  /** Connections that are its business: open there, or on the way. */
  get load(): number {
    return this.open + this.#passed.length
  }

  /** On the way. */
  get unconfirmed(): number {
    return this.#passed.length
  }

  /** Fails as `sendDescriptor` does if it is gone, and leaves `connection` as it was. */
  async pass(connection: Socket): Promise<void> {
    using _held = await this.#sending.lock()
    // Before it is sent: it may be confirmed, or the worker dead, before we go on.
    this.#passed.push(connection)
    try {
      await this.#channel.sendDescriptor(connection.fd)
    } catch (error) {
      const at = this.#passed.indexOf(connection)
      // Whoever took it from here in the meantime sees to it.
      if (at < 0) return
      this.#passed.splice(at, 1)
      throw error
    }
  }

  protected override counted(): void {
    for (; this.#confirmed < this.accepted && this.#passed.length > 0; this.#confirmed++)
      this.#passed.shift()?.close()
  }

  /** What it was sent and never had; to be asked for once it has ended. */
  takeUnconfirmed(): Socket[] {
    this.#channel.close()
    return this.#passed.splice(0)
  }

  /** The end of the channel, behind what was sent, tells it that there will be no more. */
  override async retire(drainMs: number, takeQueued: boolean): Promise<void> {
    // Behind whoever is sending now. A worker that takes nothing any more does not hold us up.
    spawn({ name: `worker ${this.index} gets no more` }, async () => {
      using _held = await this.#sending.lock()
      if (!this.#channel.isClosed) this.#channel.shutdown()
    })
    await super.retire(drainMs, takeQueued)
  }
}
