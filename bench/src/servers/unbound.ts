/**
 * An Unbound that answers every name under `example.test` by itself, with one thread: says its port and its process, and stops it when
 * standard input closes. Nothing of the machine's Unbound is read or touched.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOST_TRIES = 5

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

/** Undefined: it ended, as when somebody else was faster to take the port. */
async function started(port: number): Promise<ChildProcess | undefined> {
  writeFileSync(file, configuration(port))
  const child = spawn(unbound, ['-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.on('error', (error) => console.error(error.message))
  let said = ''
  // Its standard error stays open: with nobody to read what it says, it would end of SIGPIPE.
  for await (const text of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(text)
    if (!said.includes('start of service')) continue
    child.stderr.resume()
    return child
  }
  console.error(said)
  return undefined
}

let child: ChildProcess | undefined
try {
  let port = 0
  for (let tries = 0; tries < MOST_TRIES && child === undefined; tries++) {
    port = await freePort()
    child = await started(port)
  }
  if (child === undefined) throw new Error('unbound did not start')
  const ended = once(child, 'exit')
  process.stdout.write(`${JSON.stringify({ port, pid: child.pid })}\n`)
  process.stdin.resume()
  await Promise.race([once(process.stdin, 'end'), ended])
} finally {
  child?.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
