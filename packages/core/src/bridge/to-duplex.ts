/**
 * A Stream as a Duplex of Node, for whatever wants one. The Duplex owns the stream: it closes it when it is destroyed, which it
 * is when both sides have ended. Its waits are nobody's: cancelling the coroutine that uses the Duplex does not end
 * them, `destroy()` does.
 */
import { Duplex } from 'node:stream'
import { inBackground } from '../stream/background.js'
import type { Stream } from '../stream/stream.js'
import { cutOff } from './cut-off.js'

/** Asked for at a time. Node's own mark is lower, and counts what was read and not taken yet. */
const RECV_BYTES = 65_536

/**
 * A Duplex over `stream`, which belongs to it from now on. It reads when it is read from and not before; `end()` shuts the sending
 * side and leaves the other open; an error of the stream destroys it.
 */
export function toDuplex(stream: Stream): Duplex {
  return new StreamDuplex(stream)
}

class StreamDuplex extends Duplex {
  readonly #stream: Stream

  constructor(stream: Stream) {
    super()
    this.#stream = stream
  }

  override _read(): void {
    inBackground(
      () => this.#stream.recv(RECV_BYTES),
      (bytes) => this.push(bytes.length === 0 ? null : bytes),
      (error) => this.destroy(error as Error),
    )
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    inBackground(
      () => this.#stream.send(bytes),
      () => done(),
      done as (error: unknown) => void,
    )
  }

  override _writev(parts: { chunk: Buffer }[], done: (error?: Error) => void): void {
    inBackground(
      () => this.#stream.sendv(parts.map(({ chunk }) => chunk)),
      () => done(),
      done as (error: unknown) => void,
    )
  }

  override _final(done: (error?: Error) => void): void {
    inBackground(
      () => this.#stream.shutdown(),
      () => done(),
      done as (error: unknown) => void,
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.writableLength > 0) cutOff(this.#stream)
    else this.#stream.close()
    done(error)
  }
}
