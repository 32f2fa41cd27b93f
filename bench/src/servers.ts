/** The echo servers that the network benchmarks set against each other, and how each is started. */
import { join } from 'node:path'
import { type Context, OURS } from './benchmark.js'
import { FOLDERS } from './folders.js'
import { hasProgram, problemWithCore, pythonWith } from './installed.js'
import { PROGRAMS } from './native-build.js'
import { CERTIFICATE } from './tls-certificate.js'

/**
 * `discard` echoes too, except for a connection whose first byte is D: what that one sends is only read.
 * `duplex` reads and drops, and sends as fast as it can, on one connection at once.
 */
export type ServerMode = 'echo' | 'sink' | 'source' | 'duplex' | 'discard'

/** `Job` says what it is to serve. */
export interface ServerKind<Job = ServerMode> {
  readonly name: string
  /** The command that starts it, or undefined where it is not installed. */
  command(job: Job): readonly string[] | undefined
  readonly howToInstall: string
}

function nodeServer(file: string): (mode: ServerMode) => readonly string[] {
  return (mode) => [process.execPath, '--expose-gc', join(FOLDERS.dist, 'servers', file), mode]
}

function pythonServer(module: string, file: string): (mode: ServerMode) => readonly string[] | undefined {
  return (mode) => {
    const python = pythonWith(module)
    return python === undefined ? undefined : [python, join(FOLDERS.peers, file), mode]
  }
}

export const OURS_SERVER: ServerKind = {
  name: OURS,
  command: (mode) => (problemWithCore() === undefined ? nodeServer('ours.js')(mode) : undefined),
  howToInstall: 'pnpm build',
}
export const NODE_NET: ServerKind = { name: 'node:net', command: nodeServer('node-net.js'), howToInstall: '' }
export const C: ServerKind = { name: 'c', command: (mode) => [PROGRAMS.server, mode], howToInstall: '' }
export const GO: ServerKind = {
  name: 'go',
  command: (mode) => (hasProgram(PROGRAMS.go) ? [PROGRAMS.go, mode] : undefined),
  howToInstall: 'apt-get install golang-go',
}
export const UVLOOP: ServerKind = {
  name: 'uvloop',
  command: pythonServer('uvloop', 'echo_uvloop.py'),
  howToInstall: 'apt-get install python3-uvloop',
}
export const GEVENT: ServerKind = {
  name: 'gevent',
  command: pythonServer('gevent', 'echo_gevent.py'),
  howToInstall: 'apt-get install python3-gevent',
}

const TLS_FILES = [CERTIFICATE.cert, CERTIFICATE.key] as const

function withCertificate(command: readonly string[] | undefined): readonly string[] | undefined {
  return command === undefined ? undefined : [...command, ...TLS_FILES]
}

export const OURS_TLS: ServerKind = {
  ...OURS_SERVER,
  command: (mode) =>
    withCertificate(problemWithCore() === undefined ? nodeServer('ours-tls.js')(mode) : undefined),
}
export const NODE_TLS: ServerKind = {
  name: 'node:tls',
  command: (mode) => withCertificate(nodeServer('node-tls.js')(mode)),
  howToInstall: '',
}
export const C_TLS: ServerKind = {
  name: 'c',
  command: (mode) => [PROGRAMS.serverTls, mode, ...TLS_FILES],
  howToInstall: 'apt-get install libssl-dev',
}

/** Those that can be started here. For each of the others one notice. */
export function installedServers(kinds: readonly ServerKind[], context: Context): ServerKind[] {
  return serversFor('echo', kinds, context)
}

/** The same for servers with another job. */
export function serversFor<Job>(
  job: Job,
  kinds: readonly ServerKind<Job>[],
  context: Context,
): ServerKind<Job>[] {
  return kinds.filter((kind) => {
    if (kind.command(job) !== undefined) return true
    const why = kind.name === OURS ? ` (${problemWithCore()})` : ''
    context.notice(`${kind.name} is left out: it is not installed${why}. To have it: ${kind.howToInstall}`)
    return false
  })
}
