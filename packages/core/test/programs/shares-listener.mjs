// One of several processes that accept on descriptor 3, which they share. Usage: shares-listener.mjs KIND WHAT
//   KIND   exclusive, or ordinary
//   WHAT   serve    answers each connection with the number of the process, until it is killed
//          pause    takes one, then none for a while; says how often its loop went round meanwhile; then as serve
//          cancel   is interrupted in accept again and again, then as serve
//          exhaust  runs out of descriptors, says how often its loop went round meanwhile; then as serve
// Says "ready" when it waits.
import { closeSync, openSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setLatencyWarning, sleep, spawn, tcp } from '@shrapnel/core'

setLatencyWarning(Number.POSITIVE_INFINITY)
const [, , kind, what] = process.argv
const listener = tcp.listen({ fd: 3, exclusive: kind === 'exclusive' })

async function answer() {
  const connection = await listener.accept()
  await connection.send(String(process.pid))
  connection.close()
}

const rounds = () => performance.nodeTiming.uvMetricsInfo.loopCount

/** How often Node's loop goes round during a third of a second; what else there is to do in it is little. */
async function roundsMeanwhile() {
  const before = rounds()
  await sleep(300)
  return rounds() - before
}

async function waiting(coroutine) {
  while (coroutine.waitingOn === undefined) await sleep(1)
}

const begin = {
  serve: () => {},
  pause: async () => {
    const first = spawn(answer)
    await waiting(first)
    console.log('ready')
    await first.join()
    console.log(await roundsMeanwhile())
  },
  cancel: async () => {
    for (let i = 0; i < 20; i++) {
      const doomed = spawn(answer)
      await waiting(doomed)
      doomed.interrupt()
      await doomed.join().catch(() => {})
    }
  },
  exhaust: async () => {
    const taken = []
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch (error) {
      if (error.code !== 'EMFILE') throw error
    }
    const first = spawn(answer)
    await waiting(first)
    console.log('ready')
    console.log(await roundsMeanwhile())
    for (const fd of taken) closeSync(fd)
    await first.join()
  },
}

await begin[what]()
const serving = spawn(async () => {
  for (;;) await answer()
})
await waiting(serving)
console.log('ready')
await serving.join()
