/** Contexts that are chosen by name, together with what goes on beside them: tickets, key logs. */
import { memoryStreamPair } from '@shrapnel/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { SessionCache, type TlsContext, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
const names = ['a.test', 'b.test'] as const
let contexts: Record<string, TlsContext>
const lines: string[] = []

async function make(name: string, tickets: boolean): Promise<TlsContext> {
  const { chainPem: cert, keyPem: key } = await here.authority.issue({ names: [name] })
  return tls.context({ cert, key, tickets })
}

beforeAll(async () => {
  contexts = { 'a.test': await make('a.test', true), 'b.test': await make('b.test', false) }
})

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('by %s', (maxVersion) => {
  async function visit(serverName: string, sessions: SessionCache): Promise<boolean> {
    const [left, right] = memoryStreamPair()
    const keyLog = (line: string): void => void lines.push(line)
    const [client, server] = await Promise.all([
      tls.upgrade(left, { ...here.client, serverName, maxVersion, sessions }),
      tls.upgrade(right, { ...here.server, isServer: true, contexts, keyLog }),
    ])
    await server.send('!')
    await client.recv()
    client.close()
    server.close()
    return client.facts.isResumed
  }

  test('a session goes on under its name, and where there are no tickets none does', async () => {
    const sessions = new SessionCache()
    const resumed: boolean[] = []
    for (const name of [...names, ...names, 'localhost', 'localhost'])
      resumed.push(await visit(name, sessions))
    expect(resumed).toEqual([false, false, true, false, false, true])
  })

  test('each connection has its lines in the key log', async () => {
    for (const name of names) {
      lines.length = 0
      await visit(name, new SessionCache())
      expect(lines.length).toBe(maxVersion === 'TLSv1.3' ? 5 : 1)
    }
  })
})
