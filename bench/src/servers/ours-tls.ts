/** The server `ours` over TLS: a coroutine for each connection. */
import { readFileSync } from 'node:fs'
import { spawn } from '@shrapnel/core'
import { type TlsStream, tls } from '@shrapnel/tls'
import { announce } from './control.js'

const BLOCK_BYTES = 65_536
const block = Buffer.alloc(BLOCK_BYTES, 's')
const ignored = Buffer.alloc(BLOCK_BYTES)

async function echo(conn: TlsStream): Promise<void> {
  for (;;) {
    const received = await conn.recv(BLOCK_BYTES)
    if (received.length === 0) return
    await conn.send(received)
  }
}

async function sink(conn: TlsStream): Promise<void> {
  while ((await conn.recvInto(ignored)) > 0);
}

async function source(conn: TlsStream): Promise<void> {
  for (;;) await conn.send(block)
}

/** The other side may leave in whichever way it likes. */
const GONE = new Set(['BROKEN', 'CLOSED', 'ECONNRESET', 'EPIPE', 'TRUNCATED'])

const modes: Record<string, (conn: TlsStream) => Promise<void>> = { echo, sink, source }
const [mode = '', cert = '', key = ''] = process.argv.slice(2)
const serve = modes[mode]
if (serve === undefined) throw new RangeError(`no mode ${mode}`)

async function session(conn: TlsStream): Promise<void> {
  try {
    await (serve as (conn: TlsStream) => Promise<void>)(conn)
  } catch (error) {
    if (!GONE.has((error as { code?: string }).code ?? '')) throw error
  } finally {
    conn.close()
  }
}

const server = tls.listen({ port: 0, backlog: 4096, cert: readFileSync(cert), key: readFileSync(key) })
announce(server.port)
for await (const conn of server) spawn(session, conn)
