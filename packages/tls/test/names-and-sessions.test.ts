/** Contexts that are chosen by name, together with what goes on beside them: tickets, key logs, OCSP, looking at clients. */
import { memoryStreamPair, socketPair } from '@shrapnel/core'
import type { Certificate } from '@shrapnel/test-support'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type ClientOptions,
  type NamedContextOptions,
  type ServerOptions,
  SessionCache,
  TicketKeys,
  type TlsContext,
  type TlsStream,
  tls,
} from '../src/index.js'
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

const FORMS = ['options', 'a context that was made once', 'a function'] as const

/** The same said in each way that there is. */
function said(form: (typeof FORMS)[number], options: NamedContextOptions): Pick<ServerOptions, 'contexts'> {
  if (form === 'a function') return { contexts: (name) => (name === 'a.test' ? options : undefined) }
  return { contexts: { 'a.test': form === 'options' ? options : tls.context(options) } }
}

async function meet(
  client: ClientOptions,
  server: ServerOptions,
): Promise<readonly [client: TlsStream, server: TlsStream]> {
  const [left, right] = socketPair()
  const both = await Promise.allSettled([
    tls.upgrade(left, { ...here.client, ...client }),
    tls.upgrade(right, { ...server, isServer: true }),
  ])
  const ends = both.map((end) => (end.status === 'fulfilled' ? end.value : undefined))
  const [first, second] = ends
  if (first !== undefined && second !== undefined) return [first, second]
  for (const end of ends) end?.close()
  throw both.find((end) => end.status === 'rejected')?.reason
}

describe.each(FORMS)('said by %s', (form) => {
  let own: Certificate
  let all: Certificate
  beforeAll(async () => {
    own = await here.authority.issue({ names: ['a.test'] })
    all = await here.authority.issue()
  }, 60_000)
  const credentials = ({ chainPem: cert, keyPem: key }: Certificate) => ({ cert, key })

  test.each(['TLSv1.3', 'TLSv1.2'] as const)(
    'the OCSP response of a name goes with its certificate, by %s',
    async (maxVersion) => {
      const ocspResponse = await here.authority.ocspResponse(own)
      const server: ServerOptions = {
        ...credentials(all),
        ocspResponse: await here.authority.ocspResponse(all),
        ...said(form, { ...credentials(own), ocspResponse: () => ocspResponse }),
      }
      const client = { ocsp: 'require', sessions: 'none', maxVersion } as const
      for (const serverName of ['a.test', 'localhost'])
        for (const end of await meet({ ...client, serverName }, server)) end.close()
      // Not without: what the other name has is about another certificate.
      const without = { ...server, ...said(form, credentials(own)) }
      await expect(meet({ ...client, serverName: 'a.test' }, without)).rejects.toMatchObject({
        code: 'TLS_OCSP_MISSING',
      })
      // One response for all is as good, if it holds them.
      const together = { ...without, ocspResponse: [await here.authority.ocspResponse(all), ocspResponse] }
      for (const end of await meet({ ...client, serverName: 'a.test' }, together)) end.close()
    },
  )

  test('checkPeer of a name looks at its clients in place of that of all, and without it that one does', async () => {
    const seen: unknown[] = []
    const looks = (who: string) => (stream: TlsStream) => {
      seen.push([who, stream.serverName])
      if (who === 'refuses') throw new Error('not you')
    }
    const server = { ...credentials(all), checkPeer: looks('all') }
    const client = { serverName: 'a.test', sessions: 'none' } as const
    const refusing = { ...server, ...said(form, { ...credentials(own), checkPeer: looks('refuses') }) }
    await expect(meet(client, refusing)).rejects.toThrow('not you')
    for (const serverName of ['a.test', 'localhost']) {
      const one = { ...server, ...said(form, credentials(own)) }
      for (const end of await meet({ ...client, serverName }, one)) end.close()
    }
    for (const end of await meet({ ...client, serverName: 'localhost' }, refusing)) end.close()
    expect(seen).toEqual([
      ['refuses', 'a.test'],
      ['all', 'a.test'],
      ['all', 'localhost'],
      ['all', 'localhost'],
    ])
  })

  test.each(['TLSv1.3', 'TLSv1.2'] as const)(
    'tickets of a name are those of all unless it has its own, by %s',
    async (maxVersion) => {
      const keys = { secret: Buffer.alloc(32, 'shared'), lifetimeMs: 3_600_000 }
      const others = { secret: Buffer.alloc(32, 'other'), lifetimeMs: 60_000 }
      const sealed = (of: typeof keys) => ({ tickets: new TicketKeys(of) })
      const server = (around: object, name: object): ServerOptions => ({
        ...credentials(all),
        ...around,
        ...said(form, { ...credentials(own), ...name }),
      })
      /** Whether what the first gives goes on with the second, and how long it is good for, in seconds. */
      const goesOn = async (first: ServerOptions, second: ServerOptions): Promise<readonly unknown[]> => {
        const sessions = new SessionCache()
        const resumed: boolean[] = []
        const client = { serverName: 'a.test', sessions, maxVersion }
        let lifetime = 0
        for (const each of [first, second]) {
          const ends = await meet(client, each)
          await ends[1].send('!')
          await ends[0].recv()
          resumed.push(ends[0].isResumed)
          lifetime ||= Math.round(((sessions.entries()[0]?.expiresAt ?? 0) - Date.now()) / 60_000)
          for (const end of ends) end.close()
        }
        expect(resumed[0]).toBe(false)
        return [resumed[1], lifetime]
      }
      expect(await goesOn(server(sealed(keys), {}), server(sealed(keys), {}))).toEqual([true, 60])
      expect(await goesOn(server(sealed(keys), {}), server(sealed(others), {}))).toEqual([false, 60])
      const named = server(sealed(keys), sealed(others))
      expect(await goesOn(named, server({}, sealed(others)))).toEqual([true, 1])
      expect(await goesOn(named, server(sealed(keys), {}))).toEqual([false, 1])
      expect(await goesOn(server({ tickets: false }, sealed(others)), named)).toEqual([true, 1])
    },
  )
})
