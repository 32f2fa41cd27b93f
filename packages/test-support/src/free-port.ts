/**
 * Asks the kernel for a port that is free at this moment. There is a race: between this answer and the server's own
 * bind, any other process may get the port. The kernel hands out the numbers in an order that makes this rare, not
 * impossible. Where a server can listen on port 0 and say which port it got, prefer that (`ready: { line }` of
 * real-server.ts with a group named `port`); then there is no race at all.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

const MAX_ATTEMPTS = 20

/** A TCP port that is free on 127.0.0.1; with `alsoUdp`, one that is free for UDP too, as DNS servers need. */
export async function freePort(options: { alsoUdp?: boolean | undefined } = {}): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = await freeTcpPort()
    if (options.alsoUdp !== true || (await isUdpPortFree(port))) return port
  }
  throw new Error(`no port in ${MAX_ATTEMPTS} was free for both TCP and UDP`)
}

async function freeTcpPort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isUdpPortFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
    await once(socket, 'close')
  }
}
