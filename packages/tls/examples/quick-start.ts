/** A TLS server that echoes, and a client that asks it. The certificate is in the current folder. */
import { readFileSync } from 'node:fs'
import { spawn } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

const cert = readFileSync('cert.pem')
const server = tls.listen({ port: 0, cert, key: readFileSync('key.pem') })

spawn({ daemon: true }, () =>
  server.serve(async (conn) => {
    for (let bytes = await conn.recv(); bytes.length > 0; bytes = await conn.recv()) await conn.send(bytes)
    await conn.end()
  }),
)

const conn = await tls.connect('localhost', server.port, { ca: cert })
await conn.send('hello')
console.log(String(await conn.recv()), conn.facts.protocol)
await conn.end()
