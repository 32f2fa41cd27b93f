/**
 * A program with a backdoor: it counts, and you look inside and change its mind while it runs.
 *
 *   node examples/dist/tutorial/backdoor.js [path of the UNIX socket [TCP port]]
 *
 * It prints how to get in. There, try `counter`, `counter.stepMs = 50`, `coro.whereAll()`; ^D leaves.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'

const [unixPath = join(tmpdir(), 'shrapnel-backdoor.sock'), port = '0'] = process.argv.slice(2)
const counter = { count: 0, stepMs: 1000 }

async function count() {
  for (;;) {
    await coro.sleep(counter.stepMs)
    counter.count++
  }
}

coro.spawn(count)
const door = serve({
  unixPath,
  port: Number(port),
  context: { counter },
  welcome: 'Inside the counting program.\n',
})
console.log(`socat -,raw,echo=0 UNIX-CONNECT:${door.unixPath}\ntelnet 127.0.0.1 ${door.port}`)
