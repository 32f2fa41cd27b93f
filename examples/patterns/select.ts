/**
 * select: one coroutine waits on several channels at once and does whatever can be done first. With
 * `timeoutCase` it waits no longer than that; with `defaultCase` it does not wait at all.
 *
 *   node examples/dist/patterns/select.js
 */
import * as coro from '@shrapnel/core'

const orders = new coro.Channel<string>()
const complaints = new coro.Channel<string>()
const bell = new coro.Event()

async function customer() {
  await orders.send('tea')
  await complaints.send('the tea is cold')
  await orders.send('coffee')
  await bell.wait()
  await orders.send('cake')
  orders.close()
}

coro.spawn(customer)
for (let isOpen = true; isOpen; ) {
  const result = await coro.select([orders.receiveCase(), complaints.receiveCase(), coro.timeoutCase(50)])
  // The index says which case it was, to the compiler too: it knows whether there is a value, and of what
  // type.
  if (result.index === 0 && result.closed) isOpen = false
  else if (result.index === 0) console.log(`order: ${result.value}`)
  else if (result.index === 1) console.log(`complaint: ${result.value}`)
  else if (bell.set()) console.log('nobody came for 50 ms: ring the bell')
}

const jar = new coro.Channel<number>(1)
for (const tip of [5, 10]) {
  const { kind } = await coro.select([jar.sendCase(tip), coro.defaultCase()])
  console.log(kind === 'send' ? `a tip of ${tip}` : `the jar is full: no tip of ${tip}`)
}
