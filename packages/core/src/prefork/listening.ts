/** Opens what `listen` asks for. */
import type { Listener } from '../net/listener.js'
import type { Socket } from '../net/socket.js'
import { tcp } from '../net/tcp.js'
import { unix } from '../net/unix.js'
import type { PreforkListenOptions } from './options.js'

export function openListener(listen: PreforkListenOptions): Listener {
  return 'path' in listen ? unix.listen(listen) : tcp.listen(listen)
}

/** For workers to accept on, not us: as `exclusive` it is not watched while nobody here accepts, and a connection does not wake us. */
export function openForWorkers(listen: PreforkListenOptions): Listener {
  return openListener({ ...listen, exclusive: true })
}

/** The connections that the kernel has accepted for `listener`, and nobody has taken. */
export function takeQueued(listener: Listener): Socket[] {
  const queued: Socket[] = []
  if (listener.isClosed) return queued
  for (let one = listener.tryAccept(); one !== undefined; one = listener.tryAccept()) queued.push(one)
  return queued
}

/** As many of them as `count`, on one port, which the first of them chooses if it is 0. */
export function openReusePort(listen: PreforkListenOptions, count: number): Listener[] {
  const listeners: Listener[] = []
  try {
    for (let i = 0; i < count; i++) {
      const port = listeners[0]?.port
      const listener = openForWorkers({
        ...listen,
        ...(port !== undefined && { port }),
        reusePort: true,
      } as PreforkListenOptions)
      listeners.push(listener)
    }
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
  return listeners
}
