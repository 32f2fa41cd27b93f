/**
 * Opens a backdoor at argv[2], types what stands on stdin, and prints what was shown. What else it does, argv[3] says. It ends
 * with 0 if it can.
 */
import { text } from 'node:stream/consumers'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'
import { ask } from './conversation.mjs'

// A busy machine is not the subject.
coro.setLatencyWarning(Infinity)

const [unixPath, then] = process.argv.slice(2)
const ofTheProgram = new Error('of the program')

if (then === 'listen')
  process.on('uncaughtException', (error) => console.error(`the program heard: ${error.message}`))
if (then === 'capture') process.setUncaughtExceptionCaptureCallback(() => {})

/** The visitor has left. */
const left = new coro.Event()
const server = serve({ unixPath, welcome: '', context: { left } })
process.stdout.write(await ask(unixPath, await text(process.stdin)))

while (server.sessions.length > 0) await coro.yieldSlice()
left.set()
if (then === 'throw' || then === 'listen') {
  setImmediate(() => {
    throw ofTheProgram
  })
}
if (then === 'reject') void Promise.reject(ofTheProgram)
if (then === 'coroutine') {
  coro.spawn({ name: 'of the program' }, () => {
    throw ofTheProgram
  })
}
await coro.sleep(50)
await server.close()
