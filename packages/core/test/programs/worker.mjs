// What the threads of workers.mjs do.
import { parentPort, workerData } from 'node:worker_threads'
import {
  Event,
  inParallel,
  Mutex,
  pipe,
  setExit,
  setLatencyWarning,
  sleep,
  socketPair,
  spawn,
  tcp,
  UdpSocket,
  unix,
} from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const { job, rounds = 10, leaveBy = 'nothing', port, path } = workerData

const jobs = {
  echo: async () => {
    const listener = tcp.listen({ port: 0 })
    spawn(() =>
      listener.serve(async (connection) => {
        for (let block = await connection.recv(); block.length > 0; block = await connection.recv())
          await connection.send(block)
      }),
    )
    const calls = await inParallel(
      Array.from({ length: 10 }, (_, i) => async () => {
        const client = await tcp.connect('127.0.0.1', listener.port)
        let answered = 0
        for (let round = 0; round < rounds / 10; round++) {
          await client.send(`${i}/${round}`)
          if (String(await client.recv()) === `${i}/${round}`) answered++
        }
        client.close()
        return answered
      }),
    )
    listener.close()
    parentPort.postMessage(calls.reduce((sum, count) => sum + count, 0))
  },

  wait: async () => {
    const listener = tcp.listen({ port: 0 })
    const client = await tcp.connect('127.0.0.1', listener.port)
    const server = await listener.accept()
    const pair = socketPair()
    const { reader, writer } = pipe()
    // What is forgotten while open is closed, and ends the waits at the other side.
    globalThis.kept = [client, server, pair, writer]
    const mutex = new Mutex()
    await mutex.lock()
    for (const wait of [
      () => listener.accept(),
      () => tcp.listen({ port: 0, exclusive: true }).accept(),
      () => server.send(Buffer.alloc(32 * 1024 * 1024)),
      () => pair[0].recv(),
      () => reader.recv(),
      () => new UdpSocket().recvFrom(),
      () => sleep(600_000),
      () => mutex.lock(),
      () => new Event().wait(),
    ]) {
      spawn(wait)
      spawn({ daemon: true }, () => sleep(600_000))
    }
    await sleep(2)
    parentPort.postMessage('waiting')
    if (leaveBy === 'process.exit') process.exit(5)
    if (leaveBy === 'setExit') setExit(6)
    if (leaveBy === 'an error') throw new Error('as asked')
  },

  flood: async () => {
    const [one, other] = socketPair()
    const block = Buffer.alloc(65_536)
    spawn(async () => {
      for (;;) await one.send(block)
    })
    spawn(async () => {
      for (;;) await other.recv()
    })
    for (let i = 0; i < 20; i++) {
      spawn(async () => {
        for (;;) await sleep(0)
      })
    }
    await sleep(5)
    parentPort.postMessage('busy')
  },

  daemons: () => {
    spawn({ daemon: true }, () => tcp.listen({ port: 0 }).accept())
    spawn({ daemon: true }, () => sleep(600_000))
  },

  serve: async () => {
    const listener = tcp.listen({ port: 0 })
    parentPort.postMessage(listener.port)
    await listener.serve(async (connection) => connection.send('from another thread'))
  },

  call: async () => {
    const client = await tcp.connect('127.0.0.1', port)
    parentPort.postMessage(String(await client.recv()))
  },

  listen: () => {
    unix.listen({ path, mode: 0o600 })
    parentPort.postMessage('listening')
  },
}

await jobs[job]()
