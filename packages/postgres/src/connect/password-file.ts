/**
 * The password file, `~/.pgpass`: a line for each server, `host:port:database:user:password`, in which `*` stands for anything and a
 * backslash takes the meaning away from `:` and `\`. The first line that fits counts. PostgreSQL documentation, "The Password File".
 */
import { readFile, stat } from 'node:fs/promises'
import { interruptible } from '@shrapnel/core'
import type { PasswordRequest } from './connect-options.js'
import type { OpenHooks } from './resolved-connect.js'
import { DEFAULT_SOCKET_FOLDERS } from './socket-folders.js'

/** Group and others. */
const OTHERS = 0o077

/** The password for `request`; undefined if there is none. A file that others may read is not used, and that is remarked. */
export async function findPassword(
  path: string,
  request: PasswordRequest,
  { onNotice }: OpenHooks,
): Promise<string | undefined> {
  const ignore = (why: string) =>
    onNotice?.({
      severity: 'WARNING',
      message: `the password file ${JSON.stringify(path)} is not used: ${why}`,
    })
  try {
    const facts = await interruptible(stat(path))
    if (!facts.isFile()) return void ignore('it is not a plain file')
    if ((facts.mode & OTHERS) !== 0)
      return void ignore('others can read it; its permissions must be 0600 or less')
    return passwordIn(await interruptible(readFile(path, 'utf8')), request)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES') throw error
    return void ignore('it cannot be read')
  }
}

export function passwordIn(
  text: string,
  { host, port, database, user }: PasswordRequest,
): string | undefined {
  const wanted = [nameOf(host), `${port}`, database, user]
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    const fields = fieldsOf(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (fields.length > wanted.length && wanted.every((value, i) => fits(fields[i] as Field, value)))
      return (fields[wanted.length] as Field).text
  }
  return undefined
}

/** The usual folder of UNIX sockets is `localhost`; another one is itself. */
function nameOf(host: string): string {
  return DEFAULT_SOCKET_FOLDERS.includes(host) ? 'localhost' : host
}

interface Field {
  readonly text: string
  readonly isAnything: boolean
}

function fits({ text, isAnything }: Field, value: string): boolean {
  return isAnything || text === value
}

/** The four that are compared, and the rest, which is the password: a `:` needs no backslash there. */
function fieldsOf(line: string): Field[] {
  const fields: Field[] = []
  let text = ''
  let from = 0
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string
    if (char === '\\' && at + 1 < line.length) text += line[++at]
    else if (char === ':' && fields.length < 4) {
      fields.push({ text, isAnything: line.slice(from, at) === '*' })
      text = ''
      from = at + 1
    } else text += char
  }
  fields.push({ text, isAnything: false })
  return fields
}
