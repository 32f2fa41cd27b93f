/** A client of Node's own tls that trusts one authority, for talking to the servers that the tests start. */
import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** Connected and verified, or rejects with the refusal. Text comes in as strings. */
export async function secureClient(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
  socket.setEncoding('utf8')
  await once(socket, 'secureConnect')
  return socket
}

/** Reads until `text` has come. */
export async function untilText(socket: TLSSocket, text: string): Promise<void> {
  let received = ''
  while (!received.includes(text)) {
    const [chunk] = await once(socket, 'data')
    received += chunk
  }
}
