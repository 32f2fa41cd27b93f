/** The connection itself, before anything is said on it. Cancelling leaves nothing open. */
import { type Socket, tcp, unix } from '@shrapnel/core'
import type { KeepAlive } from './resolved-connect.js'
import type { ServerPlace } from './server-place.js'

/** Waits for the connection, and for looking the name up. Fails as `tcp.connect` and `unix.connect` do. */
export async function openTransport(place: ServerPlace, keepAlive: KeepAlive): Promise<Socket> {
  if (place.kind === 'unix') return unix.connect(place.path)
  const socket = await tcp.connect(place.address ?? place.host, place.port)
  try {
    if (keepAlive.isOn) setKeepAlive(socket, keepAlive)
  } catch (error) {
    socket.close()
    throw error
  }
  return socket
}

function setKeepAlive(socket: Socket, { idleMs, intervalMs, probes }: KeepAlive): void {
  socket.setOption('keepAlive', true)
  if (idleMs !== undefined) socket.setOption('keepAliveIdleSeconds', wholeSeconds(idleMs))
  if (intervalMs !== undefined) socket.setOption('keepAliveIntervalSeconds', wholeSeconds(intervalMs))
  if (probes !== undefined) socket.setOption('keepAliveProbes', probes)
}

/** The kernel counts whole seconds, and refuses 0. */
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
