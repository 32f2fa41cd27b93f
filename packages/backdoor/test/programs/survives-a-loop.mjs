/**
 * A line that never ends is typed at argv[2], and SIGINT sent once it runs. With `listening` as argv[3] the program listens for
 * SIGINT, and gets another one after: it is to hear of that one alone. Otherwise the other one is to end it in order.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'

const [unixPath, how] = process.argv.slice(2)
coro.setLatencyWarning(Infinity)

/** Gives a function that has SIGINT sent to this process, and needs no event loop for it. */
function killer(name) {
  const flag = `${unixPath}.${name}`
  const script = 'until [ -e "$0" ]; do sleep 0.02; done; kill -INT "$1"'
  spawn('sh', ['-c', script, flag, `${process.pid}`], { stdio: 'inherit' })
  return () => writeFileSync(flag, '')
}

let heard = 0
const again = new coro.Event()
if (how === 'listening') {
  process.on('SIGINT', () => {
    heard++
    again.set()
  })
}
const server = serve({ unixPath, welcome: '', context: { kill: killer('first') } })
const socket = connect(unixPath)
let text = ''
const answered = new coro.Event()
socket.on('data', (bytes) => {
  text += bytes
  if (text.includes('42')) answered.set()
})
socket.write('for (kill(); ; );\n40 + 2\n')
await answered.wait()
if (how === 'listening') {
  killer('second')()
  await again.wait()
}
await server.close()
console.log(JSON.stringify({ heard, shown: text.includes('Uncaught Interrupted') }))
if (how !== 'listening') {
  coro.onExit(() => console.log('ended in order'))
  killer('second')()
  await coro.sleep(600_000)
}
