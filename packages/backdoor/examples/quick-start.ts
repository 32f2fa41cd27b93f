/** A shop that takes an order a second, with a door at the back. Run: node examples/dist/quick-start.js */
import { serve } from '@shrapnel/backdoor'
import { sleep, spawn } from '@shrapnel/core'

const orders = new Map<number, string>()

spawn({ name: 'shop' }, async () => {
  for (let id = 1; ; id++) {
    orders.set(id, 'new')
    await sleep(1000)
  }
})

const backdoor = serve({ unixPath: 'shop.sock', context: { orders } })
console.log(`Join with: socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${backdoor.unixPath}`)
