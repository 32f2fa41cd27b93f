/**
 * One file to whoever connects, in one of two ways: by sendfile(2), so that its bytes never enter this process, or read
 * and written. Says of each answer how fast it went and what it took of the processor.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import * as coro from '@shrapnel/core'
import { commandLine, wholeNumber, wrong } from './command-line.js'

const { how, file, port, fetch, hash } = commandLine(
  `usage: node examples/dist/servers/file-server.js --file PATH [--how sendfile|copy] [--port N]
       node examples/dist/servers/file-server.js --fetch N [--hash]
  --how sendfile   the kernel moves the bytes from file to socket; what happens unless said otherwise
  --how copy       read into this process and written from it, 64 KB at a time
  --port N         9000 unless given, 0: any
  --fetch N        is the client: reads all that the server on port N of this machine sends
  --hash           with --fetch: says the SHA-256 of it too, which takes longer than the transfer`,
  {
    how: { type: 'string', default: 'sendfile' },
    file: { type: 'string' },
    port: { type: 'string', default: '9000' },
    fetch: { type: 'string' },
    hash: { type: 'boolean', default: false },
  },
)

const ways = {
  sendfile: async (conn: coro.Socket, file: FileHandle) => conn.sendFile(file),
  async copy(conn: coro.Socket, file: FileHandle) {
    const block = Buffer.allocUnsafe(65_536)
    for (let sent = 0; ; ) {
      const { bytesRead } = await file.read(block, 0, block.length, sent)
      if (bytesRead === 0) return sent
      await conn.send(block.subarray(0, bytesRead))
      sent += bytesRead
    }
  },
}

/** Says how much `transfer` moved, how fast, and with how much work. */
async function measured(title: string, transfer: () => Promise<number>) {
  const startedAt = coro.now()
  const before = process.cpuUsage()
  const bytes = await transfer()
  const { user, system } = process.cpuUsage(before)
  const rate = (bytes / 1e3 / (coro.now() - startedAt)).toFixed(0)
  const work = ((user + system) / 1000).toFixed(1)
  console.log(`${title}: ${bytes} bytes, ${rate} MB/s, ${work} ms of processor time`)
}

async function serve(path: string, send: (conn: coro.Socket, file: FileHandle) => Promise<number>) {
  // Here, so that a file that is not there is told to whoever starts this and not to the first client.
  await using source = await open(path)
  const server = coro.tcp.listen({ port: wholeNumber('--port', port, 0, 65_535) })
  console.log(`${path} on port ${server.port}`)
  await server.serve(async (conn) => {
    try {
      await measured(how, () => send(conn, source))
    } catch (error) {
      if (!coro.isDisconnect(error)) throw error
      console.log('the client left before the end')
    }
  })
}

async function receive(port: number) {
  using conn = await coro.tcp.connect('127.0.0.1', port)
  const digest = hash ? createHash('sha256') : undefined
  await measured('fetched', async () => {
    const block = Buffer.allocUnsafe(262_144)
    for (let received = 0; ; ) {
      const count = await conn.recvInto(block)
      if (count === 0) return received
      digest?.update(block.subarray(0, count))
      received += count
    }
  })
  if (digest !== undefined) console.log(`sha256 ${digest.digest('hex')}`)
}

if (fetch !== undefined) await receive(wholeNumber('--fetch', fetch, 1, 65_535))
else if (file === undefined) wrong('either --file or --fetch must be given')
else if (how !== 'sendfile' && how !== 'copy') wrong(`--how must be sendfile or copy, not '${how}'`)
else await serve(file, ways[how])
