/**
 * 1000 coroutines that sleep, all at the same time: it takes as long as one.
 *
 *   node examples/dist/tutorial/sleepers.js [how many [ms]]
 */
import * as coro from '@shrapnel/core'

const [count = '1000', ms = '1000'] = process.argv.slice(2)
let awake = 0

async function sleeper() {
  await coro.sleep(Number(ms))
  awake++
}

const startedAt = coro.now()
const sleepers = Array.from({ length: Number(count) }, () => coro.spawn(sleeper))
console.log(`${coro.all().length} coroutines, ${awake} awake`)

for (const each of sleepers) await each.join()
console.log(`${awake} awake after ${Math.round(coro.now() - startedAt)} ms`)
