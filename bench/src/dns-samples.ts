/** Real DNS messages, as packages/dns has them for its tests: what a name server answered to the questions of clients. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FOLDERS } from './folders.js'

interface Captured {
  readonly messages: readonly { readonly type: string; readonly query: string; readonly reply: string }[]
}

/** Not the same work: the peer leaves the data of two types as bytes, and writes the bytes of one as hexadecimal digits. */
const NOT_ALIKE: ReadonlySet<string> = new Set(['HTTPS', 'SVCB', 'SSHFP'])

/** Queries and replies, in the order in which they were sent. */
export function dnsSamples(): readonly Buffer[] {
  const file = join(FOLDERS.bench, '../packages/dns/test/wire/fixtures/named.json')
  const { messages } = JSON.parse(readFileSync(file, 'utf8')) as Captured
  return messages
    .filter(({ type }) => !NOT_ALIKE.has(type))
    .flatMap(({ query, reply }) => [Buffer.from(query, 'hex'), Buffer.from(reply, 'hex')])
}
