// The addon is loaded by worker threads alone, one after the other, and Node's own TLS goes on in the main thread. What OpenSSL was
// told by the addon must not lead nowhere when Node frees a context of its own. Prints how many workers were well.
import { once } from 'node:events'
import { createSecureContext } from 'node:tls'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

async function freeSomeOfNodesOwn() {
  for (let i = 0; i < 20; i++) createSecureContext({})
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

if (isMainThread) {
  const [cert, key] = process.argv.slice(2)
  let well = 0
  for (let i = 0; i < 4; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { cert, key } })
    const [code] = await once(worker, 'exit')
    if (code === 0) well++
    await freeSomeOfNodesOwn()
  }
  console.log(well)
} else {
  const { tls } = await import('@shrapnel/tls')
  const { cert, key } = workerData
  tls.listen({ port: 0, cert, key }).close()
}
