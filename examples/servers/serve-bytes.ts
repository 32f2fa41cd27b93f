/**
 * What the four prefork servers do for a client, so that one client can compare them: it sends a line with a number, and gets the name of the
 * process that serves it, on a line, and so many bytes.
 */
import * as coro from '@shrapnel/core'
import { commandLine, wholeNumber } from './command-line.js'

const MOST_BYTES = 1_000_000_000
const PATIENCE_MS = 10_000
const BLOCK = Buffer.alloc(65_536, 'x')

export async function serveBytes(connection: coro.Socket, worker: coro.Worker) {
  try {
    const reader = new coro.BufferedReader(connection)
    const bytes = Number(await coro.withTimeout(PATIENCE_MS, () => reader.readLine({ maxLineBytes: 20 })))
    if (!Number.isInteger(bytes) || bytes < 0 || bytes > MOST_BYTES) return connection.reset()
    await connection.send(`worker ${worker.index} pid ${worker.pid}\n`)
    for (let left = bytes; left > 0; left -= BLOCK.length) await connection.send(BLOCK.subarray(0, left))
  } catch (error) {
    // Too slow, or too long a line.
    if (error instanceof coro.TimeoutError || error instanceof coro.LimitError) connection.reset()
    else if (!coro.isDisconnect(error)) throw error
  }
}

/** Runs a server with the strategy that it shows, and reports on SIGUSR2. */
export async function runServer(strategy: coro.Strategy, about: string, workers: string) {
  const usage = `${about}

  -i, --host     address to listen on (127.0.0.1)
  -p, --port     port; 0 lets the kernel choose (9000)
  -w, --workers  ${strategy === 'child-per-connection' ? 'processes at most' : 'processes'} (${workers})

SIGHUP replaces the workers, SIGTERM and Ctrl-C let open connections finish, SIGUSR2 prints who served how many.`
  const values = commandLine(usage, {
    host: { type: 'string', short: 'i', default: '127.0.0.1' },
    port: { type: 'string', short: 'p', default: '9000' },
    workers: { type: 'string', short: 'w', default: workers },
  })
  const server = await coro.prefork({
    listen: { host: values.host, port: wholeNumber('--port', values.port, 0, 65_535) },
    workers: wholeNumber('--workers', values.workers, 1, 1024),
    strategy,
    serve: serveBytes,
  })
  coro.signals.handle('SIGUSR2', async () => console.log(JSON.stringify(await server.report())))
  console.log(`${strategy} on port ${server.port}, supervisor ${process.pid}`)
  await server.join()
}
