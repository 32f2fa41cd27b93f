/** A psql that stays: a client for a test to disturb. */
import { type RealServer, startServer } from '../src/index.js'

export interface PsqlSession extends RealServer {
  /** Of its backend. */
  readonly processId: number
}

export async function psqlSession(server: {
  readonly port: number
  readonly unixFolder: string
}): Promise<PsqlSession> {
  const session = await startServer({
    command: 'psql',
    args: ['-XAtq', '-h', server.unixFolder, '-p', `${server.port}`, '-U', 'postgres', '-d', 'postgres'],
    input: 'pipe',
    ready: { started: true },
  })
  session.write('select pg_backend_pid();\n')
  const [text] = await session.until(/^\d+$/)
  return Object.defineProperties(session, { processId: { value: Number(text) } }) as PsqlSession
}
