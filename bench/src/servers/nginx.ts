/**
 * The peer `nginx`: starts one with a configuration, a folder and a port of its own, says the port and the process whose
 * time counts (its one worker), and stops it when standard input closes. Nothing of the machine's nginx is read or touched.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 5_000
const STEP_MS = 10

const [nginx = 'nginx', path = ''] = process.argv.slice(2)

/** In place of a path: thirteen bytes that are in the configuration. */
const HELLO = 'hello'
const location =
  path === HELLO ? `location / { return 200 "Hello, world!"; }` : `location = /file { alias ${path}; }`

/** nginx must be told its port: one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

/**
 * sendfile and tcp_nopush as nginx's own documentation advises for large files. `sendfile_max_chunk` of 2m is the default
 * since 1.21.4; before, one quick reader could have a worker for itself.
 */
function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  sendfile_max_chunk 2m;
  keepalive_requests 100000000;
  default_type application/octet-stream;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    ${location}
  }
}
`
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** The worker is the one child of the master. */
function workerOf(master: number): number | undefined {
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim()
  return children === '' ? undefined : Number(children.split(' ')[0])
}

async function workerWhenReady(child: ChildProcess, port: number): Promise<number> {
  const tooLate = performance.now() + PATIENCE_MS
  while (child.pid !== undefined && child.exitCode === null && performance.now() < tooLate) {
    const worker = workerOf(child.pid)
    if (worker !== undefined && (await canConnect(port))) return worker
    await sleep(STEP_MS)
  }
  throw new Error(`nginx did not listen on port ${port}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

if (path !== HELLO && (basename(path) === '' || dirname(path) === '.'))
  throw new RangeError('the path of the file must be absolute')
const folder = mkdtempSync(join(tmpdir(), 'shrapnel-nginx-'))
const port = await freePort()
const file = join(folder, 'nginx.conf')
writeFileSync(file, configuration(folder, port))
const child = spawn(nginx, ['-e', 'stderr', '-p', folder, '-c', file], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
child.on('error', (error) => console.error(error.message))
try {
  const pid = await workerWhenReady(child, port)
  process.stdout.write(`${JSON.stringify({ port, pid })}\n`)
  process.stdin.resume()
  await Promise.race([once(process.stdin, 'end'), once(child, 'exit')])
} finally {
  await stop(child)
  rmSync(folder, { recursive: true, force: true })
}
