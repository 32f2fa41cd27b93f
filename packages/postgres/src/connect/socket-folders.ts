/** Where a server's UNIX socket is when nobody says: Debian's folder, and PostgreSQL's own. */
import { statSync } from 'node:fs'

export const DEFAULT_SOCKET_FOLDERS: readonly string[] = ['/var/run/postgresql', '/run/postgresql', '/tmp']

/** The first folder with a socket for `port`; without one, the first folder that is there: what fails then names it. */
export function defaultSocketFolder(port: number): string {
  const has = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined
  const withSocket = DEFAULT_SOCKET_FOLDERS.find((folder) => has(`${folder}/.s.PGSQL.${port}`))
  return withSocket ?? DEFAULT_SOCKET_FOLDERS.find(has) ?? '/tmp'
}
