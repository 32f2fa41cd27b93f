/** The peer `node:http`: the file as a stream, piped into the answer, as its documentation shows. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { announce } from './control.js'

const path = process.argv[2] ?? ''

async function answer(response: ServerResponse): Promise<void> {
  const { size } = await stat(path)
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size })
  await pipeline(createReadStream(path), response)
}

const server = createServer((_request, response) => {
  // Whoever leaves before the end has seen enough.
  answer(response).catch(() => response.destroy())
})
server.listen({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  announce(address.port)
})
