/** The server `ours`: a coroutine for each connection, in the shape of the README's first example. */
import { type Socket, spawn, tcp } from '@shrapnel/core'
import { announce } from './control.js'

const BLOCK_BYTES = 65_536
const block = Buffer.alloc(BLOCK_BYTES, 's')
/** What is only read is read into one place: nobody looks at it. */
const ignored = Buffer.alloc(BLOCK_BYTES)

async function echo(conn: Socket): Promise<void> {
  try {
    for (;;) {
      const received = await conn.recv(BLOCK_BYTES)
      if (received.length === 0) return
      await conn.send(received)
    }
  } catch (error) {
    throwUnlessGone(error)
  } finally {
    conn.close()
  }
}

async function sink(conn: Socket): Promise<void> {
  while ((await conn.recvInto(ignored)) > 0);
}

async function source(conn: Socket): Promise<void> {
  for (;;) await conn.send(block)
}

async function duplex(conn: Socket): Promise<void> {
  spawn(untilGone(source), conn)
  await sink(conn)
}

async function discard(conn: Socket): Promise<void> {
  const first = await conn.recv(BLOCK_BYTES)
  if (first.length === 0) return
  if (first[0] === 'D'.charCodeAt(0)) return sink(conn)
  await conn.send(first)
  return echo(conn)
}

const GONE = new Set(['BROKEN', 'CLOSED', 'ECONNRESET', 'EPIPE'])

/** The other side may leave in whichever way it likes. */
function throwUnlessGone(error: unknown): void {
  if (!GONE.has((error as { code?: string }).code ?? '')) throw error
}

function untilGone(serve: (conn: Socket) => Promise<void>): (conn: Socket) => Promise<void> {
  return async (conn) => {
    try {
      await serve(conn)
    } catch (error) {
      throwUnlessGone(error)
    } finally {
      conn.close()
    }
  }
}

const modes: Record<string, (conn: Socket) => Promise<void>> = {
  echo,
  sink: untilGone(sink),
  source: untilGone(source),
  duplex: untilGone(duplex),
  discard: untilGone(discard),
}
const serve = modes[process.argv[2] ?? 'echo']
if (serve === undefined) throw new RangeError(`no mode ${process.argv[2]}`)
const server = tcp.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
announce(server.port)
for await (const conn of server) spawn(serve, conn)
