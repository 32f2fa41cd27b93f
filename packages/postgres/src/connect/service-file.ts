/** Connections by name: `[name]` and lines `parameter=value`, in `~/.pg_service.conf` or PGSERVICEFILE, then in PGSYSCONFDIR. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unusable } from './option-kinds.js'

const SYSTEM_FOLDERS = ['/etc/postgresql-common', '/etc']
const FILE_NAME = 'pg_service.conf'

/** The parameters of the service, by libpq's names. Reads at once. Throws PG_OPTION if it is nowhere, or not well formed. */
export function readService(name: string, environment: NodeJS.ProcessEnv, home: string): Map<string, string> {
  const { PGSERVICEFILE, PGSYSCONFDIR } = environment
  const folders = PGSYSCONFDIR ? [PGSYSCONFDIR] : SYSTEM_FOLDERS
  const paths = [
    PGSERVICEFILE || join(home, `.${FILE_NAME}`),
    ...folders.map((folder) => join(folder, FILE_NAME)),
  ]
  for (const path of paths) {
    const found = sectionOf(textOf(path), name, path)
    if (found !== undefined) return found
  }
  throw unusable('service', `${JSON.stringify(name)} is in none of ${paths.join(', ')}`)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw unusable('service', `cannot be looked up: ${path} cannot be read`)
  }
}

function sectionOf(text: string, name: string, path: string): Map<string, string> | undefined {
  let section: Map<string, string> | undefined
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      if (section !== undefined) return section
      if (line === `[${name}]`) section = new Map()
    } else if (section !== undefined) {
      const at = line.indexOf('=')
      if (at < 1) throw unusable('service', `cannot be read: line ${i + 1} of ${path} is no parameter=value`)
      const parameter = line.slice(0, at).trim()
      if (parameter === 'service')
        throw unusable('service', `cannot be read: line ${i + 1} of ${path} names another service`)
      // The first one counts, as everywhere.
      if (!section.has(parameter)) section.set(parameter, line.slice(at + 1).trim())
    }
  }
  return section
}
