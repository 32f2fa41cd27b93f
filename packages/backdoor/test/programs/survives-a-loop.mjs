/**
 * A line that never ends is typed at argv[2]. A child process sends SIGINT after half a second, and once more when asked to: the
 * program, which listens, hears of the second one alone. With `deaf` as argv[3] it does not listen, and does not ask.
 */
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'

const [unixPath, how] = process.argv.slice(2)
const listens = how !== 'deaf'
coro.setLatencyWarning(Infinity)
let heard = 0
const again = new coro.Event()
if (listens) {
  process.on('SIGINT', () => {
    heard++
    again.set()
  })
}
const server = serve({ unixPath, welcome: '' })
const socket = connect(unixPath)
let text = ''
const answered = new coro.Event()
socket.on('data', (bytes) => {
  text += bytes
  if (text.includes('42')) answered.set()
})
const killer = `
  process.stdin.once('data', () => process.kill(${process.pid}, 'SIGINT'))
  setTimeout(() => process.kill(${process.pid}, 'SIGINT'), 500)`
const child = spawn(process.execPath, ['-e', killer], { stdio: ['pipe', 'ignore', 'inherit'] })
socket.write('for (;;);\n40 + 2\n')
await answered.wait()
if (listens) {
  child.stdin.write('again')
  await again.wait()
}
child.kill()
await server.close()
console.log(JSON.stringify({ heard, shown: text.includes('Uncaught Interrupted') }))
process.exit()
