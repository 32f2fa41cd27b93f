/** Servers of two processes that answer each connection with the number of the one that has it. */
import { join } from 'node:path'
import type { Strategy } from '@shrapnel/core'
import { FOLDERS } from './folders.js'
import { problemWithCore } from './installed.js'
import type { ServerKind } from './servers.js'

/** How many processes serve. */
export type Workers = number

const program = (file: string, how: string) => (workers: Workers) => [
  process.execPath,
  join(FOLDERS.dist, 'servers', file),
  how,
  String(workers),
]

export function preforkServer(strategy: Strategy): ServerKind<Workers> {
  return {
    name: strategy,
    command: (workers) =>
      problemWithCore() === undefined ? program('prefork-ours.js', strategy)(workers) : undefined,
    howToInstall: 'pnpm build',
  }
}

/** Node's default, where its primary accepts and hands out in turn. */
export const CLUSTER: ServerKind<Workers> = {
  name: 'node:cluster',
  command: program('cluster.js', 'round-robin'),
  howToInstall: '',
}
/** `cluster.SCHED_NONE`: its workers accept for themselves, which is the faster of the two where it shares out well. */
export const CLUSTER_SHARED: ServerKind<Workers> = {
  name: 'node:cluster SCHED_NONE',
  command: program('cluster.js', 'none'),
  howToInstall: '',
}
