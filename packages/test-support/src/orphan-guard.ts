/**
 * Sees to it that a server does not outlive the test process, however that ends: by an 'exit' handler, and by a guard
 * shell for the ends that run no handler. The shell ends the group and removes the folder.
 */
import { GuardShell } from './guard-shell.js'
import { signalGroup } from './process-group.js'

const SCRIPT = `
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
  readonly #shell: GuardShell

  constructor(groupId: number, folder: string) {
    this.#groupId = groupId
    if (guardedGroups.size === 0) process.on('exit', killGuardedGroups)
    guardedGroups.add(groupId)
    this.#shell = new GuardShell('orphan-guard', SCRIPT, [String(groupId), folder])
  }

  /** The server has been stopped: stand down. Returns when the shell is gone. */
  async release(): Promise<void> {
    guardedGroups.delete(this.#groupId)
    if (guardedGroups.size === 0) process.off('exit', killGuardedGroups)
    await this.#shell.release()
  }
}
