/** Ends through setExit while somebody is here, and prints what that one was told. */
import { connect } from 'node:net'
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'

const [unixPath] = process.argv.slice(2)
serve({ unixPath, welcome: '' })
let text = ''
const socket = connect(unixPath)
socket.on('data', (bytes) => {
  text += bytes
})
socket.once('data', () => coro.setExit(7))
coro.onExit(async () => {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  process.stdout.write(text.slice('> \r\n'.length).replace('\r', ''))
})
