import { tls } from '@shrapnel/tls'
import { spawn } from '@shrapnel/core'
import ntls from 'node:tls'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
const f = (n) => readFileSync('/tmp/tlstry/' + n)
const cert = f('c.pem'), key = f('k.pem'), ca = f('ca.pem')
const server = tls.listen({ port: 0, cert, key, onHandshakeFailure: (e) => console.log('HF', e.code, e.message) })
spawn(async () => {
  for await (const conn of server) spawn(async () => {
    try {
    for (;;) { const b = await conn.recv(); if (b.length === 0) break; await conn.send(b) }
    await conn.shutdown()
    } catch (e) { console.log('session', e.code, e.message) }
    conn.close()
  })
})
// ours to ours
const c = await tls.connect('localhost', server.port, { ca })
console.log(c.facts)
await c.send('hello')
console.log(String(await c.recv()))
const big = Buffer.alloc(3e6, 'q')
const s = spawn(() => c.send(big))
let got = 0
while (got < big.length) got += (await c.recv()).length
await s.join()
await c.shutdown()
console.log('end', (await c.recv()).length)
c.close()
// node client to ours
for (const v of ['TLSv1.2', 'TLSv1.3']) {
const n = ntls.connect({ host: 'localhost', port: server.port, ca, minVersion: v, maxVersion: v })
await once(n, 'secureConnect')
n.write('from node')
console.log(String((await once(n, 'data'))[0]), n.getProtocol())
n.end(); await once(n, 'end')
}
// ours to node server
const ns = ntls.createServer({ cert, key }, (s) => { s.on('error', (e) => console.log('nserr', e.message)); s.pipe(s) })
ns.listen(0); await once(ns, 'listening')
const d = await tls.connect('127.0.0.1', ns.address().port, { ca })
await d.send('to node'); console.log(String(await d.recv()), d.facts); await d.shutdown(); console.log((await d.recv()).length); d.close(); ns.close()
await tls.connect('127.0.0.1', server.port).catch((e) => console.log(e.code, e.message, e.reason, e.verifyCode, e.alert))
await tls.connect('127.0.0.1', server.port, { ca, serverName: 'other.example' }).catch((e) => console.log(e.code, e.message, e.reason, e.verifyCode, e.alert))
server.close()
