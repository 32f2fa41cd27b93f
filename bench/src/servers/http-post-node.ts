/**
 * The peer `node:http` of `http-post`: gathers the chunks by their event, which is the fastest way there, and joins them. `in place`: only
 * counts them.
 */
import { createServer } from 'node:http'
import { announce } from './control.js'

const [, , , how] = process.argv

const server = createServer((request, response) => {
  if (how === 'in place') {
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.end(String(length))
    })
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.end(String(body.length))
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  announce(address.port)
})
