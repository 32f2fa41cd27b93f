/** Somebody who connects to `path` and types. */
import { connect } from 'node:net'

/**
 * Sends `lines`, ends, and gives what was shown until the other side ended too. A line `?text` is not sent: it waits until that text was
 * shown after what earlier ones have waited for.
 */
export function ask(path, lines) {
  return new Promise((resolve, reject) => {
    const left = lines.split(/(?<=\n)/)
    let text = ''
    let seen = 0
    const socket = connect(path)
    const go = () => {
      while (left.length > 0) {
        if (left[0].startsWith('?')) {
          const wanted = left[0].slice(1).trimEnd()
          const at = text.indexOf(wanted, seen)
          if (at < 0) return
          seen = at + wanted.length
        } else {
          socket.write(left[0])
        }
        left.shift()
      }
      socket.end()
    }
    socket.on('error', reject)
    socket.on('connect', go)
    socket.on('data', (bytes) => {
      text += bytes
      go()
    })
    socket.on('close', () => resolve(text))
  })
}
