/**
 * An Unbound that answers every name under `example.test` by itself, with one thread: says its port and its process, and stops it when
 * standard input closes. Nothing of the machine's Unbound is read or touched.
 */
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [unbound = 'unbound'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'shrapnel-unbound-'))
const file = join(folder, 'unbound.conf')

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** It must be told its port: one that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = await bound()
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

function configuration(port: number): string {
  return `server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  use-syslog: no
  verbosity: 1
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/pid"
  num-threads: 1
  module-config: "iterator"
  local-zone: "example.test." redirect
  local-data: "example.test. 3600 IN A 192.0.2.1"
remote-control:
  control-enable: no
`
}

const port = await freePort()
writeFileSync(file, configuration(port))
const child = spawn(unbound, ['-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
child.on('error', (error) => console.error(error.message))
try {
  const ended = once(child, 'exit')
  for await (const text of child.stderr.setEncoding('utf8'))
    if (String(text).includes('start of service')) break
  if (child.exitCode !== null) throw new Error('unbound did not start')
  process.stdout.write(`${JSON.stringify({ port, pid: child.pid })}\n`)
  process.stdin.resume()
  await Promise.race([once(process.stdin, 'end'), ended])
} finally {
  child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
