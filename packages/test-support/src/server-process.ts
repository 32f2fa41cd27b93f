/**
 * The process of a real server: started in its folder as the leader of a group of its own, watched, spoken to, ended
 * with the group. What it needs before it starts, and where it stands, is real-server.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment } from './child-environment.js'
import { ChildOutput } from './child-output.js'
import { TestSupportError } from './errors.js'
import { OrphanGuard } from './orphan-guard.js'
import { groupEnded, signalGroup } from './process-group.js'
import { matchingLine, untilReady } from './readiness.js'
import type { RealServer, ServerEnd, ServerOptions } from './real-server.js'
import type { TemporaryFolder } from './temporary-folder.js'

const READY_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 5_000
const KILL_TIMEOUT_MS = 2_000
const OUTPUT_PATIENCE_MS = 250
const WAIT_TIMEOUT_MS = 5_000
const POLL_MS = 10

export class ServerProcess implements RealServer {
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
      env: childEnvironment(path, options.env),
      // The leader of a new group, whose number is its pid.
      detached: true,
      stdio: [options.input === 'pipe' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      ...options.runAs,
    })
    this.#output = new ChildOutput(this.#child)
    // It may end without having read all: its right, and here an EPIPE.
    this.#child.stdin?.on('error', () => {})
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
    if (outcome.is === 'ended') throw await this.#endedEarly('was ready')
    const text = `${command} was not ready within ${timeoutMs} ms`
    throw new TestSupportError('not-ready', text, { output: this.output() })
  }

  async until(pattern: RegExp, timeoutMs = WAIT_TIMEOUT_MS): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const hasEnded = this.#hasEnded
      if (hasEnded) await this.#output.drained(OUTPUT_PATIENCE_MS)
      const found = matchingLine(this.output(), pattern)
      if (found !== undefined) return found
      if (hasEnded) throw await this.#endedEarly(`wrote ${pattern}`)
      if (performance.now() >= deadline) {
        const text = `${this.#options.command} did not write ${pattern} within ${timeoutMs} ms`
        throw new TestSupportError('not-ready', text, { output: this.output() })
      }
      await sleep(POLL_MS)
    }
  }

  write(bytes: string | Uint8Array): void {
    this.#input.write(bytes)
  }

  endInput(): void {
    this.#input.end()
  }

  async ended(timeoutMs = WAIT_TIMEOUT_MS): Promise<ServerEnd> {
    const deadline = performance.now() + timeoutMs
    while (!this.#hasEnded) {
      if (performance.now() >= deadline) {
        const text = `${this.#options.command} did not end within ${timeoutMs} ms`
        throw new TestSupportError('program-timeout', text, { output: this.output() })
      }
      await sleep(POLL_MS)
    }
    await this.#output.drained(OUTPUT_PATIENCE_MS)
    return { code: this.#child.exitCode, signal: this.#child.signalCode }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get #input(): NonNullable<ChildProcess['stdin']> {
    if (this.#child.stdin === null)
      throw new Error(`${this.#options.command} was started without input: 'pipe'`)
    return this.#child.stdin
  }

  async #endedEarly(before: string): Promise<TestSupportError> {
    await this.#output.drained(OUTPUT_PATIENCE_MS)
    const how = this.#failure?.message ?? `code ${this.#child.exitCode}, signal ${this.#child.signalCode}`
    const text = `${this.#options.command} ended before it ${before} (${how})`
    return new TestSupportError('exited-early', text, { output: this.output(), cause: this.#failure })
  }

  get #hasEnded(): boolean {
    return this.#failure !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #stop(): Promise<void> {
    try {
      if (this.#child.pid !== undefined) await this.#endGroup(this.#child.pid)
    } finally {
      await this.#output.drained(OUTPUT_PATIENCE_MS)
      this.#child.stdin?.destroy()
      this.#child.stdout?.destroy()
      this.#child.stderr?.destroy()
      await this.#guard?.release()
      if (this.#options.folder === undefined) await this.#temporary.remove()
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
