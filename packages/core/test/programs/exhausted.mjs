// A server that runs out of descriptors. To be started with a small limit (ulimit -n). Prints what the test compares.
import { closeSync, openSync } from 'node:fs'
import { all, sleep, socketPair, spawn, tcp } from '@shrapnel/core'

const listener = tcp.listen({ port: 0 })
let open = 0
async function session(connection) {
  open++
  for (let block = await connection.recv(); block.length > 0; block = await connection.recv())
    await connection.send(block)
  open--
}
const serving = spawn(() => listener.serve(session))

/** Takes descriptors until there are none, and leaves `free` of them. */
function exhaust(free) {
  const taken = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if (error.code !== 'EMFILE') throw error
  }
  for (let i = 0; i < free; i++) closeSync(taken.pop())
  return taken
}

const code = async (fn) => {
  try {
    await fn()
    return 'fine'
  } catch (error) {
    return error.code
  }
}

const answers = async (client, text) => {
  await client.send(text)
  return String(await client.recv()) === text
}

// Two clients, of which only one finds a descriptor at the server.
const taken = exhaust(3)
const first = await tcp.connect('127.0.0.1', listener.port)
const second = await tcp.connect('127.0.0.1', listener.port)
await sleep(20)
console.log('open sessions', open, 'serving', !serving.isDead)
console.log('first answered', await answers(first, 'one'))

// What everything else says meanwhile.
console.log(await code(() => tcp.listen({ port: 0 })))
console.log(await code(() => tcp.connect('127.0.0.1', listener.port)))
console.log(await code(() => socketPair()))

// One of ours is closed.
first.close()
console.log('second answered', await answers(second, 'two'))

// Another's is closed: found out by asking again. (The only descriptor left is that of the first session.)
const third = await tcp.connect('127.0.0.1', listener.port)
await sleep(20)
console.log('open sessions', open)
closeSync(taken.pop())
console.log('third answered', await answers(third, 'three'))

// Cancelling the accept while it is exhausted leaves nothing behind.
closeSync(taken.pop())
const fourth = await tcp.connect('127.0.0.1', listener.port)
await sleep(5)
const spent = process.cpuUsage()
await sleep(300)
console.log('idle while exhausted', process.cpuUsage(spent).user / 1000 < 100)
serving.interrupt()
console.log(await code(() => serving.join()))
for (const socket of [second, third, fourth]) socket.close()
listener.close()
for (let i = 0; i < 100 && all().length > 0; i++) await sleep(1)
console.log('left', all().length)
