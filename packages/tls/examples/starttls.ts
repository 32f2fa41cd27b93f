/** From plain text to TLS on the same connection, on both sides. The files of a certificate are the arguments. */
import { readFileSync } from 'node:fs'
import { BufferedReader, type Socket, spawn, tcp } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

const [cert = '', key = '', ca = ''] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'))

async function session(socket: Socket): Promise<void> {
  const plain = new BufferedReader(socket, { maxLineBytes: 1000 })
  if ((await plain.readLine()) !== 'STARTTLS') return
  await socket.send('220 go ahead\r\n')
  // The reader and not the socket: what a man in the middle put behind STARTTLS is refused.
  using conn = await tls.upgrade(plain, { isServer: true, cert, key })
  const lines = new BufferedReader(conn, { maxLineBytes: 1000 })
  await conn.send(`250 hello ${await lines.readLine()}\r\n`)
  await conn.end()
}

const server = tcp.listen({ port: 0 })
spawn({ daemon: true }, () => server.serve(session))

const socket = await tcp.connect('localhost', server.port)
const plain = new BufferedReader(socket, { maxLineBytes: 1000 })
await socket.send('STARTTLS\r\n')
console.log(await plain.readLine())
const conn = await tls.upgrade(plain, { serverName: 'localhost', ca })
await conn.send('newcomer\r\n')
console.log(await new BufferedReader(conn).readLine(), `(${conn.facts.protocol})`)
await conn.end()
server.close()
