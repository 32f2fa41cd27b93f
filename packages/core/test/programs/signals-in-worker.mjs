// A worker thread that asks for signals, started by takes-signals.mjs and ends-by-signal.mjs.
import { parentPort } from 'node:worker_threads'
import { signals } from '@shrapnel/core'

function codeOf(attempt) {
  try {
    attempt()
  } catch (error) {
    return error.code
  }
  return 'nothing'
}

parentPort.postMessage([
  codeOf(() => signals.wait('SIGUSR2')),
  codeOf(() => signals.handle('SIGUSR2', () => {})),
  codeOf(() => signals.exitOn([])),
])
