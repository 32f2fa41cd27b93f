/**
 * Has had 40 sessions, and prints how many contexts are left. A heap snapshot makes V8 let go of all it can, in more than one
 * round: what was compiled for a context is thrown away first, and the context after.
 */
import { getHeapSnapshot, getHeapStatistics } from 'node:v8'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'
import { ask } from './conversation.mjs'

// A busy machine is not the subject.
coro.setLatencyWarning(Infinity)
const MOST_ROUNDS = 10

const [unixPath] = process.argv.slice(2)
const server = serve({ unixPath })
for (let i = 0; i < 40; i++) await ask(unixPath, 'await coro.yieldSlice(); 42\n')
let contexts = Infinity
for (let round = 0; round < MOST_ROUNDS && contexts > 2; round++) {
  await coro.yieldSlice()
  getHeapSnapshot().destroy()
  contexts = getHeapStatistics().number_of_native_contexts
}
console.log(contexts)
await server.close()
