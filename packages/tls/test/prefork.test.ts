/** TLS behind prefork: the workers are one server to clients that come again. */
import { fileURLToPath } from 'node:url'
import { startServer } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { type TlsSession, type TlsStream, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
const PROGRAM = fileURLToPath(new URL('programs/prefork-tls.mjs', import.meta.url))
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
/** By the addresses of a connection the kernel chooses one of two workers. It will not choose the same one so often. */
const MOST_VISITS = 100

test.each(['pass-descriptor', 'reuse-port'])(
  'a session that one worker gave goes on with another (%s)',
  async (strategy) => {
    await using server = await startServer({
      command: process.execPath,
      args: [PROGRAM, here.server.cert, here.server.key, strategy],
      ready: { line: /^port (?<port>\d+)$/ },
    })
    for (const maxVersion of VERSIONS) {
      const open: TlsStream[] = []
      const visit = async (session?: TlsSession): Promise<readonly [worker: string, stream: TlsStream]> => {
        const options = { ca: here.client.ca, maxVersion, sessions: 'none', session } as const
        const stream = await tls.connect('localhost', server.port, options)
        open.push(stream)
        return [String(await stream.recvExact('worker 0'.length)), stream]
      }
      const [first, given] = await visit()
      expect(given.isResumed).toBe(false)
      let session = given.takeSession()
      const workers = new Set([first])
      while (workers.size === 1 && open.length < MOST_VISITS) {
        const [worker, stream] = await visit(session)
        expect([worker, stream.isResumed]).toEqual([worker, true])
        session = stream.takeSession() ?? session
        workers.add(worker)
      }
      expect([...workers].sort()).toEqual(['worker 0', 'worker 1'])
      for (const stream of open) stream.close()
    }
  },
  30_000,
)
