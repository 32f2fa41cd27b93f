/** Connected pairs of what the bridges lead to: Duplexes of Node, pairs of web streams. */
import { once } from 'node:events'
import net from 'node:net'
import { Duplex } from 'node:stream'
import {
  ByteLengthQueuingStrategy,
  type ReadableStream,
  TransformStream,
  type WritableStream,
} from 'node:stream/web'

/** Two ends of a TCP connection over loopback. */
export async function netPair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  if (client.connecting) await once(client, 'connect')
  server.close()
  return [client, accepted]
}

/** Two Duplexes, each of which reads what is written to the other and holds nothing itself. */
export function duplexPair(): [Duplex, Duplex] {
  const left = new PairedDuplex()
  const right = new PairedDuplex()
  left.other = right
  right.other = left
  return [left, right]
}

class PairedDuplex extends Duplex {
  other!: PairedDuplex
  #written: (() => void) | null = null

  override _read(): void {
    const written = this.other.#written
    this.other.#written = null
    written?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#written = done
    this.other.push(chunk)
  }

  override _final(done: () => void): void {
    this.other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const isCut = this.#written !== null
    this.#written = null
    done(error)
    // As a connection does: who is cut off in the middle of a message is told.
    if (isCut && !this.other.destroyed)
      this.other.destroy(Object.assign(new Error('cut off'), { code: 'ECONNRESET' }))
  }
}

export interface Halves {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/** Two pairs of web streams, connected crosswise, that hold a little on the way. */
export function webPair(): [Halves, Halves] {
  const room = new ByteLengthQueuingStrategy({ highWaterMark: 65_536 })
  const there = new TransformStream<Uint8Array, Uint8Array>({}, room, room)
  const back = new TransformStream<Uint8Array, Uint8Array>({}, room, room)
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ]
}

/** Runs `fn` and gives the rejections that nobody handled meanwhile. */
export async function unhandledDuring(fn: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => void reasons.push(reason)
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  try {
    await fn()
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
  }
  return reasons
}
