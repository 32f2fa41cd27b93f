// TLS in worker threads: each talks to itself; one is terminated while its connections are open. Prints how many were well.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

if (isMainThread) {
  const [cert, key, ca] = process.argv.slice(2)
  const start = (ends) => new Worker(new URL(import.meta.url), { workerData: { cert, key, ca, ends } })
  const workers = [start(true), start(false), start(true)]
  const exits = [once(workers[0], 'exit'), once(workers[2], 'exit')]
  const said = await Promise.all(workers.map((worker) => once(worker, 'message')))
  await workers[1].terminate()
  await Promise.all(exits)
  console.log(said.filter(([word]) => word === 'hello from the other end').length)
} else {
  const { spawn } = await import('@shrapnel/core')
  const { tls } = await import('@shrapnel/tls')
  const { cert, key, ca, ends } = workerData
  const listener = tls.listen({ port: 0, cert, key })
  spawn({ daemon: true }, async () => {
    for await (const stream of listener)
      spawn({ daemon: true }, async () => {
        for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
          await stream.send(bytes)
        stream.close()
      })
  })
  const client = await tls.connect('localhost', listener.port, { ca })
  await client.send('hello from the other end')
  parentPort.postMessage(String(await client.recv()))
  if (ends) {
    client.close()
    listener.close()
  } else await client.recv()
}
