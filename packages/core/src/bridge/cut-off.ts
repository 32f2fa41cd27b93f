/**
 * The end of a connection whose user gave up in the middle of something: the peer must not take for the whole what is only a part,
 * so it gets a reset where the connection knows how, and no end.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Stream } from '../stream/stream.js'

export function cutOff(stream: Stream & { reset?(): void }): void {
  if (typeof stream.reset === 'function') stream.reset()
  else stream.close()
}

export function cutOffDuplex(duplex: Duplex & Partial<Pick<Socket, 'resetAndDestroy'>>): void {
  try {
    // Marks the socket and then waits until all is written, for which we do not: the mark is what `destroy` needs.
    duplex.resetAndDestroy?.()
  } catch {
    // It is no TCP: a pipe, or TLS.
  }
  duplex.destroy()
}
