// Asks for a file while no descriptor is left, and again when there is one. Prints the two statuses.
import { closeSync, openSync } from 'node:fs'
import { files, HttpHeaders } from '@shrapnel/http'

const [, , root, name] = process.argv
const isPooled = [false, true]
const request = { method: 'GET', path: `/${name}`, query: '', headers: new HttpHeaders() }
const handlers = isPooled.map((threadPool) => files(root, { threadPool }))
const statuses = []
const held = []
try {
  for (;;) held.push(openSync('/dev/null', 'r'))
} catch (error) {
  statuses.push(error.code)
}
for (const handler of handlers) statuses.push((await handler(request)).status)
for (const fd of held) closeSync(fd)
for (const handler of handlers) {
  const { status, body } = await handler(request)
  statuses.push(status)
  if ('file' in body) body.file.close()
  else body.close()
}
console.log(statuses.join(' '))
