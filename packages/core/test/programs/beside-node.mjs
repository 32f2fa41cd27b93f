// Coroutines beside Node's own files, timers, sockets, servers and fetch, all at once in one process.
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises'
import {
  current,
  group,
  interruptible,
  setLatencyWarning,
  signal,
  sleep,
  spawn,
  tcp,
  withTimeout,
} from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const ROUNDS = 200
const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
const counts = { echo: 0, file: 0, net: 0, http: 0, timer: 0, immediate: 0, aborted: 0 }

const ours = tcp.listen({ port: 0 })
const serving = spawn(() =>
  ours.serve(async (connection) => {
    for (let block = await connection.recv(); block.length > 0; block = await connection.recv())
      await connection.send(block)
  }),
)

const nodes = createServer((socket) => socket.pipe(socket))
await new Promise((resolve) => nodes.listen(0, '127.0.0.1', resolve))
const http = createHttpServer((request, response) => {
  if (request.url === '/never') return
  response.end(`you asked for ${request.url}`)
})
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))

/** A client of node:net against our server. */
function nodeClient() {
  return new Promise((resolve, reject) => {
    const socket = connect(ours.port, '127.0.0.1', () => socket.write('0'))
    let round = 0
    socket.on('error', reject)
    socket.on('data', (data) => {
      if (String(data) !== String(round)) return reject(new Error(`${data} is not ${round}`))
      counts.net++
      if (++round === ROUNDS) return socket.end(resolve)
      socket.write(String(round))
    })
  })
}

await group(async (g) => {
  // Ours against the server of node:net.
  g.spawn(async () => {
    const client = await tcp.connect('127.0.0.1', nodes.address().port)
    for (let i = 0; i < ROUNDS; i++) {
      await client.send(String(i))
      if (String(await client.recv()) === String(i)) counts.echo++
    }
    client.close()
  })
  g.spawn(() => interruptible(nodeClient()))
  g.spawn(async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const name = current().name
      await writeFile(join(folder, 'file'), String(i))
      if ((await readFile(join(folder, 'file'), 'utf8')) === String(i) && current().name === name)
        counts.file++
    }
  })
  g.spawn(async () => {
    for (let i = 0; i < ROUNDS / 10; i++) {
      const response = await fetch(`http://127.0.0.1:${http.address().port}/${i}`)
      if ((await response.text()) === `you asked for /${i}`) counts.http++
    }
  })
  g.spawn(async () => {
    for (let i = 0; i < ROUNDS / 10; i++) {
      await delay(1)
      await sleep(1)
      counts.timer++
    }
  })
  g.spawn(async () => {
    for (let i = 0; i < ROUNDS; i++) {
      await immediate()
      counts.immediate++
    }
  })
  g.spawn(async () => {
    try {
      await withTimeout(20, () =>
        fetch(`http://127.0.0.1:${http.address().port}/never`, { signal: signal() }),
      )
    } catch (error) {
      if (error.code === 'TIMEOUT') counts.aborted++
    }
  })
})

ours.close()
await serving.join()
nodes.close()
http.closeAllConnections()
http.close()
rmSync(folder, { recursive: true })
console.log(JSON.stringify(counts))
