/** All that the command touches besides its arguments. Given to it, so that its tests need no network, no system and no terminal. */
import type { Ask } from './ask.js'

export interface Surroundings {
  readonly ask: Ask
  /** The addresses of a host that is named as a server. */
  resolveHost(host: string): Promise<readonly string[]>
  /** The name servers of the system, as `127.0.0.53`. */
  systemServers(): readonly string[]
  readFile(path: string): Promise<string>
  readonly version: string
  /** To standard output. */
  write(text: string): void
  /** To standard error. */
  complain(text: string): void
}
