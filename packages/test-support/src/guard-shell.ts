/**
 * A small shell that does one thing when this process is gone, however that ends. An 'exit' handler is enough for an
 * ordinary end; a runner that kills its worker with a signal runs no handler, so the shell waits at the end of a pipe:
 * when this process is gone, the kernel closes the pipe. What it does is up to the script; without a shell it does
 * nothing.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

const PROLOGUE = `
read -r word
[ "$word" = released ] && exit 0
`

export class GuardShell {
  readonly #shell: ChildProcessByStdio<Writable, null, null>

  /** `script` is POSIX shell and finds `args` in `$1`, `$2`, …; `name` is what ps(1) shows. */
  constructor(name: string, script: string, args: readonly string[]) {
    // A session of its own, so that a signal to the runner's group does not take the guard along.
    this.#shell = spawn('/bin/sh', ['-c', PROLOGUE + script, name, ...args], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell.on('error', () => {})
    this.#shell.stdin.on('error', () => {})
    this.#shell.unref()
  }

  /** There is nothing left to guard: stand down. Returns when the shell is gone. */
  async release(): Promise<void> {
    if (this.#shell.pid === undefined || this.#shell.exitCode !== null || this.#shell.signalCode !== null)
      return
    const gone = once(this.#shell, 'exit')
    this.#shell.ref()
    this.#shell.stdin.end('released\n')
    await gone
  }
}
