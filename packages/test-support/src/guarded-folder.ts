/**
 * A temporary folder that does not outlive the test process, even if nobody removes it or a signal ends the process
 * before anybody can. For what is left lying about by a test that forgets: keys, above all.
 */
import { GuardShell } from './guard-shell.js'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js'

export async function guardedFolder(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder()
  const guard = new GuardShell('folder-guard', 'rm -rf -- "$1"', [folder.path])
  const remove = async () => {
    await folder.remove()
    await guard.release()
  }
  return { path: folder.path, remove, [Symbol.asyncDispose]: remove }
}
