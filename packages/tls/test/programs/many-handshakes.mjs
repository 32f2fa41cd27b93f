// Handshakes one after the other, some of them broken off; some connections are ended, others just closed. Prints what is left.
import { readdirSync } from 'node:fs'
import { memoryStreamPair, setLatencyWarning, socketPair, withTimeout } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'
import { native } from '../../dist/native.js'

setLatencyWarning(Number.POSITIVE_INFINITY)
const [cert, key, ca, count] = process.argv.slice(2)
const client = { ca, serverName: 'localhost' }
const server = { cert, key, isServer: true }

async function handshake(round) {
  const [left, right] = round % 3 === 0 ? memoryStreamPair() : socketPair()
  if (round % 10 === 9) {
    await withTimeout(0, () => tls.upgrade(left, client)).catch(() => {})
    right.close()
    return
  }
  const [mine, theirs] = await Promise.all([tls.upgrade(left, client), tls.upgrade(right, server)])
  await mine.send('question')
  await theirs.recv()
  await theirs.send(Buffer.alloc(5000))
  await mine.recv()
  if (round % 2 === 0) await Promise.all([mine.end(), theirs.end()])
  mine.close()
  theirs.close()
}

async function rssAfter(rounds) {
  for (let round = 0; round < rounds; round++) await handshake(round)
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().rss
}

const descriptors = () => readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length
await rssAfter(1000)
const before = await rssAfter(500)
const open = descriptors()
const after = await rssAfter(Number(count))
const { external } = process.memoryUsage()
console.log(
  JSON.stringify({
    grownBytes: after - before,
    descriptors: descriptors() - open,
    engines: native.engineCount(),
    external,
  }),
)
