/**
 * What a child process finds in its environment: this process's, and what was added. A library that was preloaded here, the runtime of a
 * sanitizer, is for Node and its addons alone: a server that is not ours would be another one with it, and a shell script take for ever.
 */
import { basename } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

export function childEnvironment(path: string, added: Environment = {}): NodeJS.ProcessEnv {
  const isNode = basename(path) === basename(process.execPath)
  return { ...process.env, ...(isNode ? {} : { LD_PRELOAD: undefined }), ...added }
}
