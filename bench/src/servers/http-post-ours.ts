/**
 * The server `ours` of `http-post`: reads a body whole and says how long it was. `in place`: into memory of its own, which it uses
 * again for the next one, as a handler does that hashes a body or writes it to a file.
 */
import { type Handler, serve } from '@shrapnel/http'
import { announce } from './control.js'

const whole: Handler = async ({ body }) => ({
  headers: { 'content-type': 'text/plain' },
  body: String((await body.bytes()).length),
})

const free: Buffer[] = []
const inPlace: Handler = async ({ body }) => {
  const place = free.pop() ?? Buffer.allocUnsafeSlow(262_144)
  let length = 0
  for (let count = await body.recvInto(place); count > 0; count = await body.recvInto(place)) length += count
  free.push(place)
  return { headers: { 'content-type': 'text/plain' }, body: String(length) }
}

const [, , , how] = process.argv
const server = await serve(
  { port: 0, backlog: 4096, maxRequestsPerConnection: 1e9 },
  how === 'in place' ? inPlace : whole,
)
announce(server.port)
