/**
 * One file by HTTP/1.1, as nginx gives it: opened for each request, a head with its length, then its bytes, by sendfile(2)
 * or (`copy`) read and written in blocks. Answers every GET alike; knows nothing else of HTTP.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { BufferedReader, isDisconnect, type Socket, tcp } from '@shrapnel/core'
import { announce } from './control.js'

/** What `fs.createReadStream` reads at a time. */
const BLOCK_BYTES = 65_536

const [how, path = ''] = process.argv.slice(2)
const sendBody = how === 'copy' ? copy : (conn: Socket, file: FileHandle) => conn.sendFile(file)

async function copy(conn: Socket, file: FileHandle): Promise<void> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES)
    if (bytesRead === 0) return
    await conn.send(block.subarray(0, bytesRead))
  }
}

async function answer(conn: Socket): Promise<void> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    await conn.send(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`,
    )
    await sendBody(conn, file)
  } finally {
    await file.close()
  }
}

async function session(conn: Socket): Promise<void> {
  const reader = new BufferedReader(conn)
  try {
    for (;;) {
      await reader.readUntil('\r\n\r\n')
      await answer(conn)
    }
  } catch (error) {
    // A client leaves when it has what it wanted.
    if (!isDisconnect(error)) throw error
  }
}

const server = tcp.listen({ port: 0 })
announce(server.port)
await server.serve(session)
