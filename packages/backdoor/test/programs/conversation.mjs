/** What a client gets that connects to `path`, sends `lines`, ends, and waits for the end. */
import { connect } from 'node:net'

export function ask(path, lines) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path)
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('close', () => resolve(text))
    socket.end(lines)
  })
}
