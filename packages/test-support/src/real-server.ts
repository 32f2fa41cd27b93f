/**
 * Runs a real server for interoperation tests: in a temporary folder of its own, ready when the call returns, stopped
 * with all the processes it started when the test is done, even when the test process is killed. It installs nothing
 * and retries nothing; a server that does not come up is an error that holds what it wrote.
 */
import { chown, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { commandPath } from './command-path.js'
import type { Readiness } from './readiness.js'
import { ServerProcess } from './server-process.js'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js'

export interface ServerOptions {
  /** A name, looked for in PATH and where Debian keeps servers, or a path. */
  readonly command: string
  /** A function gets the folder, for paths inside it. */
  readonly args?: readonly string[] | ((folder: string) => readonly string[]) | undefined
  /** Its folder: one that stays when the server is stopped, for one that is started again. A new one that goes with it by default. */
  readonly folder?: TemporaryFolder | undefined
  /** Runs before the server does: writes its configuration, makes its database. */
  readonly prepare?: ((folder: string) => Promise<void>) | undefined
  /** The temporary folder by default. */
  readonly cwd?: string | undefined
  /** Added to this process's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** `pipe` for programs that are spoken to through their standard input: `write`, `endInput`. It is empty by default. */
  readonly input?: 'empty' | 'pipe' | undefined
  readonly ready: Readiness
  readonly readyTimeoutMs?: number | undefined
  readonly stopSignal?: NodeJS.Signals | undefined
  /** How long the server has for ending by itself before its group is killed. */
  readonly stopTimeoutMs?: number | undefined
  /** For servers that refuse to run as root: who they are, and who owns the folder. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined
}

export interface ServerEnd {
  /** The exit code, or null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface RealServer extends AsyncDisposable {
  readonly pid: number
  /** From `ready`, or from the `port` group of its line. Throws if the server has no port. */
  readonly port: number
  readonly folder: string
  /** All it has written so far. */
  output(): string
  /**
   * Waits for the first line of all its output that matches, also one from before the call. Rejects with
   * `exited-early` if it ends without, and with `not-ready` after `timeoutMs` (5 seconds).
   */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Writes to its standard input, if that is a pipe. What a program that has ended does not read is lost. */
  write(bytes: string | Uint8Array): void
  /** Ends its standard input. */
  endInput(): void
  /** Waits until it ends by itself. Rejects with `program-timeout` after `timeoutMs` (5 seconds); it is not stopped. */
  ended(timeoutMs?: number): Promise<ServerEnd>
  /** Ends its process group and removes the folder, unless that was given. Calls after the first wait for the first. */
  stop(): Promise<void>
}

export async function startServer(options: ServerOptions): Promise<RealServer> {
  const path = commandPath(options.command)
  const folder = options.folder ?? (await temporaryFolder())
  let server: ServerProcess
  try {
    if (options.runAs !== undefined) await giveTo(options.runAs, folder.path)
    await options.prepare?.(folder.path)
    if (options.runAs !== undefined) await giveTo(options.runAs, folder.path)
    server = new ServerProcess(path, options, folder)
  } catch (error) {
    if (options.folder === undefined) await folder.remove()
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

async function giveTo(owner: { uid: number; gid: number }, folder: string): Promise<void> {
  await chown(folder, owner.uid, owner.gid)
  for (const name of await readdir(folder, { recursive: true }))
    await chown(resolve(folder, name), owner.uid, owner.gid)
}
