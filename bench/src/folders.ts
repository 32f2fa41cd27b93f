/** Where things are, relative to the compiled files. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))

export const FOLDERS = {
  bench,
  /** Compiled TypeScript. */
  dist: join(bench, 'dist'),
  /** Compiled C and Go. */
  build: join(bench, 'build'),
  native: join(bench, 'native'),
  peers: join(bench, 'peers'),
} as const
