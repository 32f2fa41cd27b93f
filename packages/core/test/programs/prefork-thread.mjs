// Calls prefork in a worker thread, and posts the code it fails with.
import { parentPort } from 'node:worker_threads'
import { prefork } from '@shrapnel/core'

const failed = (error) => parentPort.postMessage(error.code)
await prefork({ listen: { port: 0 }, workers: 1, serve() {}, handleSignals: false }).then(undefined, failed)
