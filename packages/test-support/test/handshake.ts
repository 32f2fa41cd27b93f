/** One handshake between the two ends of Node's own tls, for asking what it thinks of a certificate. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls'

export interface Handshake {
  /** `accepted`, or the code of the client's refusal. */
  readonly outcome: string
  /** The refusal in words, or ''. */
  readonly message: string
}

export async function handshake(server: TlsOptions, client: ConnectionOptions): Promise<Handshake> {
  const listener = createServer(server, (socket) => socket.on('error', () => {}).end())
  // What the server thinks of a client that hangs up is not the question.
  listener.on('tlsClientError', () => {})
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', ...client })
  try {
    await once(socket, 'secureConnect')
    return { outcome: 'accepted', message: '' }
  } catch (error) {
    return { outcome: String(Reflect.get(error as Error, 'code')), message: (error as Error).message }
  } finally {
    socket.destroy()
    listener.close()
    await once(listener, 'close')
  }
}
