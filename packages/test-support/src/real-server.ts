/**
 * Runs a real server for interoperation tests: in a temporary folder of its own, ready when the call returns, stopped
 * with all the processes it started when the test is done, even when the test process is killed. It installs nothing
 * and retries nothing; a server that does not come up is an error that holds what it wrote.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chown, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ChildOutput } from './child-output.js'
import { commandPath } from './command-path.js'
import { TestSupportError } from './errors.js'
import { OrphanGuard } from './orphan-guard.js'
import { groupEnded, signalGroup } from './process-group.js'
import { type Readiness, untilReady } from './readiness.js'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js'

const READY_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 5_000
const KILL_TIMEOUT_MS = 2_000
const OUTPUT_PATIENCE_MS = 250

export interface ServerOptions {
  /** A name, looked for in PATH and where Debian keeps servers, or a path. */
  readonly command: string
  /** A function gets the folder, for paths inside it. */
  readonly args?: readonly string[] | ((folder: string) => readonly string[]) | undefined
  /** Runs before the server does: writes its configuration, makes its database. */
  readonly prepare?: ((folder: string) => Promise<void>) | undefined
  /** The temporary folder by default. */
  readonly cwd?: string | undefined
  /** Added to this process's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly ready: Readiness
  readonly readyTimeoutMs?: number | undefined
  readonly stopSignal?: NodeJS.Signals | undefined
  /** How long the server has for ending by itself before its group is killed. */
  readonly stopTimeoutMs?: number | undefined
  /** For servers that refuse to run as root: who they are, and who owns the folder. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined
}

export interface RealServer extends AsyncDisposable {
  readonly pid: number
  /** From `ready`, or from the `port` group of its line. Throws if the server has no port. */
  readonly port: number
  readonly folder: string
  /** All it has written so far. */
  output(): string
  /** Ends its process group and removes the folder. Calls after the first wait for the first. */
  stop(): Promise<void>
}

export async function startServer(options: ServerOptions): Promise<RealServer> {
  const path = commandPath(options.command)
  const folder = await temporaryFolder()
  let server: ServerProcess
  try {
    if (options.runAs !== undefined) await giveTo(options.runAs, folder.path)
    await options.prepare?.(folder.path)
    if (options.runAs !== undefined) await giveTo(options.runAs, folder.path)
    server = new ServerProcess(path, options, folder)
  } catch (error) {
    await folder.remove()
    throw error
  }
  try {
    await server.becomeReady()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

class ServerProcess implements RealServer {
  readonly folder: string
  readonly #options: ServerOptions
  readonly #temporary: TemporaryFolder
  readonly #child: ChildProcess
  readonly #output: ChildOutput
  readonly #guard: OrphanGuard | undefined
  #failure: Error | undefined
  #port: number | undefined
  #stopped: Promise<void> | undefined

  constructor(path: string, options: ServerOptions, folder: TemporaryFolder) {
    this.#options = options
    this.#temporary = folder
    this.folder = folder.path
    const args = typeof options.args === 'function' ? options.args(folder.path) : (options.args ?? [])
    this.#child = spawn(path, args, {
      cwd: options.cwd ?? folder.path,
      env: { ...process.env, ...options.env },
      // The leader of a new group, whose number is its pid.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options.runAs,
    })
    this.#output = new ChildOutput(this.#child)
    this.#child.on('error', (error) => {
      this.#failure = error
    })
    if (this.#child.pid !== undefined) this.#guard = new OrphanGuard(this.#child.pid, folder.path)
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#options.command} was not started`)
    return this.#child.pid
  }

  get port(): number {
    if (this.#port === undefined) throw new Error(`${this.#options.command} was not started with a TCP port`)
    return this.#port
  }

  output(): string {
    return this.#output.text()
  }

  async becomeReady(): Promise<void> {
    const { command, ready } = this.#options
    const timeoutMs = this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS
    const outcome = await untilReady({
      ready: 'unixPath' in ready ? { unixPath: resolve(this.folder, ready.unixPath) } : ready,
      timeoutMs,
      output: () => this.output(),
      hasEnded: () => this.#hasEnded,
    })
    if (outcome.is === 'ready') {
      this.#port = outcome.port
      return
    }
    if (outcome.is === 'ended') await this.#output.drained(OUTPUT_PATIENCE_MS)
    const facts = { output: this.output(), cause: this.#failure }
    if (outcome.is === 'late') {
      throw new TestSupportError('not-ready', `${command} was not ready within ${timeoutMs} ms`, facts)
    }
    const how = this.#failure?.message ?? `code ${this.#child.exitCode}, signal ${this.#child.signalCode}`
    throw new TestSupportError('exited-early', `${command} ended before it was ready (${how})`, facts)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get #hasEnded(): boolean {
    return this.#failure !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #stop(): Promise<void> {
    try {
      if (this.#child.pid !== undefined) await this.#endGroup(this.#child.pid)
    } finally {
      await this.#output.drained(OUTPUT_PATIENCE_MS)
      this.#child.stdout?.destroy()
      this.#child.stderr?.destroy()
      await this.#guard?.release()
      await this.#temporary.remove()
    }
  }

  async #endGroup(groupId: number): Promise<void> {
    signalGroup(groupId, this.#options.stopSignal ?? 'SIGTERM')
    if (await groupEnded(groupId, this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS)) return
    signalGroup(groupId, 'SIGKILL')
    if (await groupEnded(groupId, KILL_TIMEOUT_MS)) return
    const text = `${this.#options.command} (group ${groupId}) is still there after SIGKILL`
    throw new TestSupportError('will-not-die', text, { output: this.output() })
  }
}

async function giveTo(owner: { uid: number; gid: number }, folder: string): Promise<void> {
  await chown(folder, owner.uid, owner.gid)
  for (const name of await readdir(folder, { recursive: true }))
    await chown(resolve(folder, name), owner.uid, owner.gid)
}
