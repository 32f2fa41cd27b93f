/** The listeners of a backdoor, and the sessions that came in through them. */
import { type Coroutine, type Listener, type Socket, spawn, tcp, unix } from '@shrapnel/core'
import { History } from './history.js'
import { type ServeOptions, type Settings, settle } from './options.js'
import { Session } from './session.js'

const OWNER_ONLY = 0o600
const KEEP_ALIVE_MS = 60_000

export class BackdoorServer implements AsyncDisposable {
  /** The path of the UNIX socket, if there is one. */
  readonly unixPath: string | undefined
  /** The TCP port, as the kernel chose it where 0 was asked for; undefined without one. */
  readonly port: number | undefined
  readonly #settings: Settings
  readonly #history: History
  readonly #sessions = new Set<Session>()
  readonly #doors: { readonly listener: Listener; readonly keeper: Coroutine<void> }[] = []
  #closer: Coroutine<void> | undefined

  /** @internal */
  constructor(settings: Settings) {
    this.#settings = settings
    this.#history = new History(settings.historyFile)
    const { unixPath, port, host } = settings
    // The one that can fail for more reasons first: nothing is open when it throws.
    if (port !== undefined) {
      const listener = tcp.listen({ port, host })
      this.port = listener.port
      this.#open(listener, `backdoor on ${host} port ${listener.port}`, true)
    }
    if (unixPath !== undefined) {
      this.unixPath = unixPath
      try {
        const listener = unix.listen({ path: unixPath, mode: OWNER_ONLY, replaceStale: true })
        this.#open(listener, `backdoor on ${unixPath}`, false)
      } catch (error) {
        for (const { listener } of this.#doors) listener.close()
        throw error
      }
    }
  }

  /** Those who are here, oldest first. */
  get sessions(): readonly Session[] {
    return [...this.#sessions]
  }

  /** Accepts no more, removes the file of the socket, ends every session and waits until they have ended. Again without effect. */
  close(): Promise<void> {
    // A coroutine of its own: a session that calls this is ended by it, and the rest is to be done all the same.
    this.#closer ??= spawn({ name: 'backdoor closes' }, () => this.#close())
    return this.#closer.join()
  }

  async #close(): Promise<void> {
    // None of those who are waited for keeps the process alive, and it is not to end in the middle of this.
    const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS)
    try {
      for (const { listener } of this.#doors) listener.close()
      const sessions = this.sessions
      for (const { coroutine } of sessions) coroutine.shutdown('the backdoor was closed')
      for (const { keeper } of this.#doors) await untilDead(keeper)
      for (const session of sessions) {
        await untilDead(session.coroutine)
        session.discard()
      }
    } finally {
      clearInterval(keepAlive)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(listener: Listener, name: string, isTcp: boolean): void {
    const keep = async (): Promise<void> => {
      try {
        for await (const socket of listener) this.#admit(socket, isTcp)
      } finally {
        listener.close()
      }
    }
    this.#doors.push({ listener, keeper: spawn({ name, daemon: true }, keep) })
  }

  #admit(socket: Socket, isTcp: boolean): void {
    const { maxSessions } = this.#settings
    if (this.#sessions.size >= maxSessions) {
      spawn({ name: 'backdoor refusal', daemon: true }, refuse, socket, maxSessions)
      return
    }
    const ended = (): void => void this.#sessions.delete(session)
    const session = new Session({ socket, isTcp, settings: this.#settings, history: this.#history, ended })
    this.#sessions.add(session)
  }
}

/**
 * Lets people into the running program: listens on a UNIX socket, a TCP port, or both, and gives everyone who connects a prompt.
 * Returns at once; throws `CONFIGURATION`, and what listening throws (`EADDRINUSE`, `EACCES`, …). It does not keep the process alive.
 */
export function serve(options: ServeOptions): BackdoorServer {
  return new BackdoorServer(settle(options))
}

async function refuse(socket: Socket, maxSessions: number): Promise<void> {
  using open = socket
  await open.send(`The backdoor has maxSessions (${maxSessions}) sessions already.\r\n`)
}

/** Waits for the end, however it comes. */
async function untilDead(coroutine: Coroutine<void>): Promise<void> {
  try {
    await coroutine.join()
  } catch (error) {
    // Its own end is the one that was asked for; that of this wait is not.
    if (!coroutine.isDead) throw error
  }
}
