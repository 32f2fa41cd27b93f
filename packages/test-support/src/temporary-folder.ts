/** A folder of a test's own, with mode 0700, gone when the test is done with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  /** Removes it with all that is in it. Once is enough; twice does no harm. */
  remove(): Promise<void>
}

/**
 * Makes one under the system's folder for such things. The name is kept short because a UNIX socket's path may have
 * about 100 bytes in all.
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'shrapnel-'))
  // Retries: a server that has just been stopped may still be writing its last file.
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 })
  return { path, remove, [Symbol.asyncDispose]: remove }
}
