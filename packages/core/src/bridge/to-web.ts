/**
 * A Stream as a pair of web streams. Bytes are received when somebody reads and not before. The pair owns the stream: it closes it when both
 * halves are done, at the first error of either, and at once when the writable is aborted, so that the peer does not take half for
 * the whole. Cancelling the readable ends the wait for bytes, and the writable goes on.
 */
import {
  type ReadableByteStreamController,
  ReadableStream,
  WritableStream,
  type WritableStreamDefaultController,
} from 'node:stream/web'
import { wrongType } from '../errors.js'
import { backgroundScope, inBackground } from '../stream/background.js'
import type { Stream } from '../stream/stream.js'
import { cutOff } from './cut-off.js'

const RECV_BYTES = 65_536

/** With what Node 20 has and its types lack. */
interface WritingController extends WritableStreamDefaultController {
  readonly signal: AbortSignal
}

export interface WebStreams {
  /** A byte stream, which can be read with a reader of one's own buffers (`mode: 'byob'`) too. */
  readonly readable: ReadableStream<Uint8Array>
  /** Takes bytes, and text as UTF-8. A chunk must not be changed until its write is done. */
  readonly writable: WritableStream<Uint8Array | string>
}

/** The two halves of `stream`, which belongs to them from now on. */
export function toWeb(stream: Stream): WebStreams {
  return new WebHalves(stream)
}

class WebHalves implements WebStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array | string>
  readonly #stream: Stream
  readonly #readScope = backgroundScope()
  #reading!: ReadableByteStreamController
  #writing!: WritingController
  #isReadableDone = false
  #isWritableDone = false

  constructor(stream: Stream) {
    this.#stream = stream
    this.readable = new ReadableStream(
      {
        type: 'bytes',
        start: (controller: ReadableByteStreamController) => {
          this.#reading = controller
        },
        pull: () => new Promise<void>((resolve) => this.#pull(resolve)),
        cancel: () => {
          const origin = this.#readScope
          origin.cancel({ origin, kind: 'interrupted', text: 'the reader was cancelled' })
          this.#readableDone()
        },
      },
      // Nothing is received that nobody asked for.
      { highWaterMark: 0 },
    )
    this.writable = new WritableStream<Uint8Array | string>({
      start: (controller) => {
        this.#writing = controller as WritingController
        const { signal } = this.#writing
        signal.addEventListener('abort', () => this.#aborted(signal.reason), { once: true })
      },
      write: (chunk) => new Promise((resolve, reject) => this.#write(chunk, resolve, reject)),
      close: () => new Promise((resolve, reject) => this.#shutdown(resolve, reject)),
    })
  }

  #pull(pulled: () => void): void {
    const max = this.#reading.byobRequest?.view?.byteLength ?? RECV_BYTES
    inBackground(
      () => this.#stream.recv(max),
      (bytes) => {
        if (!this.#isReadableDone) this.#received(bytes)
        pulled()
      },
      (error) => {
        if (!this.#isReadableDone) this.#fail(error)
        pulled()
      },
      this.#readScope,
    )
  }

  #received(bytes: Buffer): void {
    if (bytes.length > 0) {
      this.#reading.enqueue(transferable(bytes))
      return
    }
    this.#reading.close()
    // A reader with a buffer of its own gets it back by this, empty.
    this.#reading.byobRequest?.respond(0)
    this.#readableDone()
  }

  #write(chunk: unknown, resolve: () => void, reject: (error: unknown) => void): void {
    inBackground(
      () => this.#stream.send(toSendable(chunk)),
      resolve,
      (error) => {
        reject(error)
        this.#fail(error)
      },
    )
  }

  #shutdown(resolve: () => void, reject: (error: unknown) => void): void {
    inBackground(
      () => this.#stream.shutdown(),
      () => {
        resolve()
        this.#isWritableDone = true
        this.#closeWhenDone()
      },
      (error) => {
        reject(error)
        this.#fail(error)
      },
    )
  }

  #readableDone(): void {
    this.#isReadableDone = true
    this.#readScope.close()
    this.#closeWhenDone()
  }

  #closeWhenDone(): void {
    if (this.#isReadableDone && this.#isWritableDone) this.#stream.close()
  }

  /** Both halves fail, but for one that is done already. */
  #fail(error: unknown): void {
    this.#writing.error(error)
    this.#aborted(error)
  }

  /** The writable fails by itself. Node 20 trips over its own feet if it is told to in the middle of an abort. */
  #aborted(reason: unknown): void {
    this.#isWritableDone = true
    cutOff(this.#stream)
    if (this.#isReadableDone) return
    this.#reading.error(reason)
    this.#readableDone()
  }
}

/** A Uint8Array alone in its memory, because a byte stream takes the memory over. */
function transferable(bytes: Buffer): Uint8Array {
  const { buffer, byteLength } = bytes
  return byteLength === buffer.byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes)
}

function toSendable(chunk: unknown): Uint8Array | string {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw wrongType('chunk', 'bytes or a string', chunk)
}
