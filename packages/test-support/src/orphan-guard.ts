/**
 * Sees to it that a server does not outlive the test process, however that ends. An 'exit' handler is enough for an
 * ordinary end; a runner that kills its worker with a signal runs no handler, so a small shell waits at the end of a
 * pipe as well: when this process is gone, the kernel closes the pipe, and the shell ends the group and removes the
 * folder.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { signalGroup } from './process-group.js'

const SCRIPT = `
read -r word
[ "$word" = released ] && exit 0
kill -s TERM -- "-$1" 2>/dev/null
tenths=0
while [ $tenths -lt 5 ] && kill -s 0 -- "-$1" 2>/dev/null; do sleep 0.1; tenths=$((tenths + 1)); done
kill -s KILL -- "-$1" 2>/dev/null
rm -rf -- "$2"
`

const guardedGroups = new Set<number>()

function killGuardedGroups(): void {
  for (const groupId of guardedGroups) signalGroup(groupId, 'SIGKILL')
}

export class OrphanGuard {
  readonly #groupId: number
  readonly #shell: ChildProcessByStdio<Writable, null, null>

  constructor(groupId: number, folder: string) {
    this.#groupId = groupId
    if (guardedGroups.size === 0) process.on('exit', killGuardedGroups)
    guardedGroups.add(groupId)
    // A session of its own, so that a signal to the runner's group does not take the guard along.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'orphan-guard', String(groupId), folder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    // Without a shell the 'exit' handler alone has to do.
    this.#shell.on('error', () => {})
    this.#shell.stdin.on('error', () => {})
    this.#shell.unref()
  }

  /** The server has been stopped: stand down. Returns when the shell is gone. */
  async release(): Promise<void> {
    guardedGroups.delete(this.#groupId)
    if (guardedGroups.size === 0) process.off('exit', killGuardedGroups)
    if (this.#shell.pid === undefined || this.#shell.exitCode !== null || this.#shell.signalCode !== null)
      return
    const gone = once(this.#shell, 'exit')
    this.#shell.ref()
    this.#shell.stdin.end('released\n')
    await gone
  }
}
