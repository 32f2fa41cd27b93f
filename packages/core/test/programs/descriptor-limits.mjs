// Passes descriptors where the system has no more to give, as nobody if it can: the superuser has no limit of descriptors under
// way. To be started with a small limit (ulimit -n). Prints what the test compares.
import { closeSync, openSync } from 'node:fs'
import { socketPair, spawn, yieldSlice } from '@shrapnel/core'

if (process.getuid() === 0) process.setuid(65_534)

const outcome = async (fn) => {
  try {
    return await fn()
  } catch (error) {
    return `${error.code} ${error.syscall}: ${error.message}`
  }
}

const [from, to] = socketPair()
const file = openSync('/dev/null', 'r')

// More under way than the limit of open files.
let sent = 0
let refusal
while (refusal === undefined) {
  refusal = await outcome(() => from.sendDescriptor(file))
  if (refusal === undefined) sent++
}
console.log(refusal)
console.log('some were sent:', sent > 0)
for (let left = sent; left > 0; left--) closeSync(await to.receiveDescriptor())
await from.sendDescriptor(file)
closeSync(await to.receiveDescriptor())
console.log('and again when those are received')

// No number left to receive one under.
const waiting = spawn(() => to.receiveDescriptor())
const taken = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch (error) {
  console.log(error.code)
}
while (waiting.waitingOn === undefined) await yieldSlice()
await from.sendDescriptor(file)
console.log(await outcome(() => waiting.join()))
console.log(await outcome(() => to.receiveDescriptor()))
closeSync(taken.pop())
closeSync(await to.receiveDescriptor())
console.log('and it is still there when a number is free')
taken.push(openSync('/dev/null', 'r'))
from.close()
console.log(await outcome(() => to.receiveDescriptor()))
