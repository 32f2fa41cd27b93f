// Connections that nobody closes and nobody holds: the collector frees what they hold natively. Prints how many are left.
import { socketPair } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'
import { native } from '../../dist/native.js'

const [cert, key, ca] = process.argv.slice(2)

async function forget(count) {
  for (let i = 0; i < count; i++) {
    const [left, right] = socketPair()
    const [client] = await Promise.all([
      tls.upgrade(left, { ca, serverName: 'localhost' }),
      tls.upgrade(right, { cert, key, isServer: true }),
    ])
    await client.send('x')
    if (i % 20 === 19) await collect()
  }
}

async function collect() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

await forget(200)
console.log(native.engineCount())
