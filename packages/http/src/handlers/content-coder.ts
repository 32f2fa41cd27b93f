/**
 * The content codings that this Node has, and one encoder at work: bytes in, bytes out, a step at a time. A step runs in Node's thread
 * pool; how many do so at once is the caller's business, who is told when one has really ended, also after nobody waits for it any more.
 */
import zlib from 'node:zlib'
import { interruptible } from '@shrapnel/core'

export type ContentCoding = 'br' | 'zstd' | 'gzip' | 'deflate'

type Encoder = zlib.Gzip | zlib.Deflate | zlib.BrotliCompress

/** Since Node 22.15; the types here are those of the oldest Node. */
interface ZstdParts {
  readonly createZstdCompress?: (options: object) => Encoder
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Buffer
  readonly constants: Readonly<Record<string, number>>
}
const zstd = zlib as unknown as ZstdParts

/** Whether this Node can make it. */
export function hasCoding(coding: ContentCoding): boolean {
  return coding !== 'zstd' || zstd.createZstdCompress !== undefined
}

/** Of what was sent, an encoder remembers so much: 2 to this, in bytes. More would be megabytes for each connection. */
const WINDOW_BITS = 18

function optionsOf(coding: ContentCoding, level: number): object {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN } = zlib.constants
  if (coding === 'br') return { params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_LGWIN]: WINDOW_BITS } }
  if (coding !== 'zstd') return { level }
  const { ZSTD_c_compressionLevel = 100, ZSTD_c_windowLog = 101 } = zstd.constants
  return { params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: WINDOW_BITS } }
}

/** All at once, in this thread. */
export function encodeNow(coding: ContentCoding, level: number, bytes: Uint8Array): Buffer {
  const options = optionsOf(coding, level)
  if (coding === 'br') return zlib.brotliCompressSync(bytes, options)
  if (coding === 'gzip') return zlib.gzipSync(bytes, options)
  if (coding === 'deflate') return zlib.deflateSync(bytes, options)
  if (zstd.zstdCompressSync === undefined) throw new RangeError('this Node has no zstd')
  return zstd.zstdCompressSync(bytes, options)
}

function makeEncoder(coding: ContentCoding, level: number): Encoder {
  const options = optionsOf(coding, level)
  if (coding === 'br') return zlib.createBrotliCompress(options)
  if (coding === 'gzip') return zlib.createGzip(options)
  if (coding === 'deflate') return zlib.createDeflate(options)
  if (zstd.createZstdCompress === undefined) throw new RangeError('this Node has no zstd')
  return zstd.createZstdCompress(options)
}

export class ContentCoder {
  readonly #encoder: Encoder
  #out: Buffer[] = []
  #isClosed = false
  /** Of the step under way. */
  #settle: ((error?: unknown) => void) | null = null

  constructor(coding: ContentCoding, level: number) {
    this.#encoder = makeEncoder(coding, level)
    // An encoder that has more to give than it keeps waits until that is taken.
    this.#encoder.on('readable', () => this.#take())
    this.#encoder.on('end', () => this.#settle?.())
    this.#encoder.on('error', (error) => this.#settle?.(error))
  }

  #take(): void {
    for (let bytes = this.#encoder.read(); bytes !== null; bytes = this.#encoder.read()) this.#out.push(bytes)
  }

  /** Gives what comes out by itself, which may be nothing yet. */
  write(bytes: Uint8Array, onEnd: () => void): Promise<Buffer[]> {
    return this.#step(onEnd, (done) => this.#encoder.write(bytes, done))
  }

  /** Gives all that is in there: a reader can decode whatever was written so far. */
  flush(onEnd: () => void): Promise<Buffer[]> {
    return this.#step(onEnd, (done) => this.#encoder.flush(() => done()))
  }

  /** `last` is still to be encoded. */
  finish(last: Uint8Array, onEnd: () => void): Promise<Buffer[]> {
    return this.#step(onEnd, () => this.#encoder.end(last))
  }

  /** Cancelling ends the waiting; then nothing but `close` makes sense. */
  #step(onEnd: () => void, begin: (done: (error?: unknown) => void) => void): Promise<Buffer[]> {
    const stepping = new Promise<Buffer[]>((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = null
        onEnd()
        if (this.#isClosed) this.#encoder.destroy()
        if (error !== undefined && error !== null) {
          reject(error)
          return
        }
        this.#take()
        const out = this.#out
        this.#out = []
        resolve(out)
      }
      begin((error) => this.#settle?.(error))
    })
    return interruptible(stepping)
  }

  /** Lets go of the encoder; one that is at work ends its step first. */
  close(): void {
    this.#isClosed = true
    if (this.#settle === null) this.#encoder.destroy()
  }
}
