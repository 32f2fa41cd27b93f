/** The servers that give one file by HTTP/1.1, and how each is started. What they are to serve is the path of that file. */
import { join } from 'node:path'
import { OURS } from './benchmark.js'
import { FOLDERS } from './folders.js'
import { problemWithCore, serverProgram } from './installed.js'
import type { ServerKind } from './servers.js'

/** The path of a file; it is given for `/file`. */
export type FilePath = string

const nodeServer = (file: string, ...args: string[]) => [
  process.execPath,
  join(FOLDERS.dist, 'servers', file),
  ...args,
]

function ours(name: string, how: 'sendfile' | 'copy'): ServerKind<FilePath> {
  return {
    name,
    command: (path) => (problemWithCore() === undefined ? nodeServer('file-ours.js', how, path) : undefined),
    howToInstall: 'pnpm build',
  }
}

export const OURS_SENDFILE = ours(OURS, 'sendfile')
/** Ours too, but every byte goes through the process. */
export const READ_AND_WRITE = ours('read and write', 'copy')

/** The handler `files` of the HTTP package, for the folder of the file. */
export const OURS_FILES: ServerKind<FilePath> = {
  name: OURS,
  command: (path) => (problemWithCore() === undefined ? nodeServer('http-files-ours.js', path) : undefined),
  howToInstall: 'pnpm build',
}

export const NODE_HTTP: ServerKind<FilePath> = {
  name: 'node:http',
  command: (path) => nodeServer('file-node-http.js', path),
  howToInstall: '',
}

export const NGINX: ServerKind<FilePath> = {
  name: 'nginx',
  command(path) {
    const nginx = serverProgram('nginx')
    return nginx === undefined ? undefined : nodeServer('nginx.js', nginx, path)
  },
  howToInstall: 'apt-get install nginx-light',
}
