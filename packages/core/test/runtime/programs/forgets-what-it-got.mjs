// Prints whether what a wait was woken with is still kept when nobody else waits after it.
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Event } from '@shrapnel/core'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

async function received() {
  const event = new Event()
  const waiting = event.wait()
  event.set(new Array(1000))
  return new WeakRef(await waiting)
}

const seen = await received()
for (let i = 0; i < 5; i++) {
  await turn()
  gc()
}
console.log(seen.deref() === undefined ? 'forgotten' : 'kept')
