import { tls } from '@shrapnel/tls'
import { spawn } from '@shrapnel/core'
import { readFileSync } from 'node:fs'
import { spawn as run } from 'node:child_process'
const f = (n) => readFileSync('/tmp/tlstry/' + n)
const cert = f('c.pem'), key = f('k.pem'), ca = f('ca.pem')
const server = tls.listen({ port: 0, cert, key })
const p = run('openssl', ['s_client','-connect','127.0.0.1:'+server.port,'-CAfile','/tmp/tlstry/ca.pem','-verify_return_error','-quiet'], {stdio:['pipe','pipe','inherit']})
p.stdin.write('ping\n')
const conn = await server.accept()
console.log(String(await conn.recv())); await conn.send('pong\n')
p.stdout.once('data', (d) => { console.log(String(d)); p.stdin.end() })
try { console.log((await conn.recv()).length) } catch (e) { console.log(e.code) }
conn.close(); server.close()
