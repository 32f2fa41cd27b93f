/** Opens a backdoor in a worker thread, and visits it from there. An error in a timer of the visitor does not end the thread. */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'
import { ask } from './conversation.mjs'

// A busy machine is not the subject.
coro.setLatencyWarning(Infinity)

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] })
  worker.on('error', (error) => console.error(error))
} else {
  const server = serve({ unixPath: workerData })
  const text = await ask(
    workerData,
    "setTimeout(() => { throw new Error('in a timer') }, 1)\n?Uncaught\n40 + 2\n",
  )
  await server.close()
  console.log(text.includes('Uncaught Error: in a timer') ? /(\d+)\n> $/.exec(text)?.[1] : text)
}
