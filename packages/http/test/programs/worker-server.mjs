// A server in a worker thread, and clients in the main one: the thread stops when it is told, and the process ends by itself.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { createClient, serve, text } from '@shrapnel/http'

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  const [url] = await once(worker, 'message')
  const client = createClient({ maxConnectionsPerOrigin: 10 })
  const ask = async (i) => (await client.post(`${url}/${i}`, { body: 'x'.repeat(i) })).text()
  const texts = await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(i)))
  console.log(texts.every((answer, i) => answer === `/${i} ${i}`) ? 'all answers' : 'wrong answers')
  const stopped = once(worker, 'message')
  const exited = once(worker, 'exit')
  worker.postMessage('stop')
  const [cutOff] = await stopped
  await exited
  console.log(`cut off ${cutOff}`)
  // And one that is ended from outside.
  const other = new Worker(new URL(import.meta.url))
  const [otherUrl] = await once(other, 'message')
  console.log((await client.get(`${otherUrl}/again`)).status)
  await other.terminate()
  console.log(
    await client.get(`${otherUrl}/again`).then(
      () => 'answered',
      (error) => error.code,
    ),
  )
} else {
  const server = await serve({ port: 0 }, async (request) =>
    text(`${request.path} ${(await request.body.bytes()).length}`),
  )
  parentPort.postMessage(server.url)
  parentPort.once('message', async () => {
    parentPort.postMessage(await server.stop())
  })
}
