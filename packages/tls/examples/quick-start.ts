/** A TLS server that echoes, and a client that asks it. The files of its certificate are the arguments. */
import { readFileSync } from 'node:fs'
import { spawn } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

const [cert = '', key = '', ca = ''] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'))

const server = tls.listen({ port: 0, cert, key })
spawn({ daemon: true }, async () => {
  for await (const conn of server)
    spawn(async () => {
      for (let bytes = await conn.recv(); bytes.length > 0; bytes = await conn.recv()) await conn.send(bytes)
      await conn.end()
    })
})

const conn = await tls.connect('localhost', server.port, { ca })
await conn.send('hello')
console.log(String(await conn.recv()), conn.facts.protocol)
await conn.end()
server.close()
