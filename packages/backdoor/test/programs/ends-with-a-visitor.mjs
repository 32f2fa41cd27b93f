/** Nothing but a visitor, in a process of its own, is left when this program has said `visited`. */
import { spawn } from 'node:child_process'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'

// A busy machine is not the subject.
coro.setLatencyWarning(Infinity)

const [unixPath] = process.argv.slice(2)
const server = serve({ unixPath })
const line = 'await coro.sleep(1e9)\\n'
const script = `const s = require('node:net').connect(${JSON.stringify(unixPath)}, () => s.write('${line}')); s.resume()`
const visitor = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
visitor.unref()
while (server.sessions[0]?.coroutine.waitingOn?.includes('sleep') !== true) await coro.sleep(5)
console.log('visited')
