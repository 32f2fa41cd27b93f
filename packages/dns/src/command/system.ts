/** What the command touches when it runs for somebody: servers, this machine's files, the terminal. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { interruptible, now } from '@shrapnel/core'
import { dns } from '../dns.js'
import { Servers } from '../exchange/servers.js'
import type { Reply } from '../resolution.js'
import { SystemFiles } from '../system/system-files.js'
import type { Question } from '../wire/index.js'
import type { AskedServer, AskOptions } from './ask.js'
import type { Surroundings } from './surroundings.js'

export const system: Surroundings = {
  ask,
  async resolveHost(host) {
    return (await dns.lookup(host)).map(({ address }) => address)
  },
  systemServers: () => new SystemFiles({ now }).resolvConf.nameservers,
  readFile: (path) => interruptible(readFile(path, 'utf8')),
  version: versionOf(createRequire(import.meta.url)('../../package.json')),
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
}

async function ask(question: Question, asked: readonly AskedServer[], options: AskOptions): Promise<Reply> {
  const { tlsCa, timeoutMs, recursionDesired, dnssecOk } = options
  const servers = new Servers({
    servers: asked.map(({ tlsName, ...server }) => ({
      ...server,
      serverName: tlsName,
      tls: tlsCa === undefined ? undefined : { ca: tlsCa },
    })),
    timeoutMs,
    recursionDesired,
    dnssecOk,
  })
  try {
    return await servers.ask(question)
  } finally {
    servers.close()
  }
}

function versionOf(manifest: unknown): string {
  return String((manifest as { readonly version: unknown }).version)
}
