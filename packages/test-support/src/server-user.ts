/** Whom servers run as that refuse to run as root: the user `postgres` that Debian's package makes. */
import { readFile } from 'node:fs/promises'
import { TestSupportError } from './errors.js'

export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** Undefined means ourselves: we are not root. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = (line ?? '').split(':')
  if (uid === undefined || gid === undefined)
    throw new TestSupportError(
      'missing-command',
      'there is no user postgres: the Debian package postgresql makes it',
    )
  return { uid: Number(uid), gid: Number(gid) }
}
