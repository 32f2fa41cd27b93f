/** A body that is encoded while it is sent: never more than one piece of it is in memory, and no step of it is made before the last is sent. */
import type { Semaphore } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import type { FileBody, ResponseBody } from '../message.js'
import { ContentCoder, type ContentCoding } from './content-coder.js'
import { FilePieces } from './file-body.js'

/** Encoded in one step, so that one long body does not keep a thread of the pool from the others. */
const STEP_BYTES = 65_536
const NOTHING = new Uint8Array(0)

/** How many encode at once, and what they are told. */
export interface EncodingWork {
  /** Of the pool's threads. */
  readonly threads: Semaphore
  /** Encoders that are there: each keeps its memory while its body lasts. */
  encoders: number
}

/** What can be sent in pieces. */
export type Source = Exclude<ResponseBody, null>

export class EncodedBody implements AsyncIterable<Uint8Array> {
  readonly #source: Source
  readonly #coding: ContentCoding
  readonly #level: number
  /** After each piece of the source, whatever is in the encoder is sent. */
  readonly #flushes: boolean
  readonly #work: EncodingWork

  constructor(source: Source, coding: ContentCoding, level: number, flushes: boolean, work: EncodingWork) {
    this.#source = source
    this.#coding = coding
    this.#level = level
    this.#flushes = flushes
    this.#work = work
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const coder = new ContentCoder(this.#coding, this.#level)
    this.#work.encoders++
    try {
      const source = typeof this.#source === 'string' ? Buffer.from(this.#source) : this.#source
      if (source instanceof Uint8Array && source.length <= STEP_BYTES) {
        yield* await this.#step((onEnd) => coder.finish(source, onEnd))
        return
      }
      for await (const part of partsOf(source)) {
        yield* await this.#step((onEnd) => coder.write(part, onEnd))
        if (this.#flushes) yield* await this.#step((onEnd) => coder.flush(onEnd))
      }
      yield* await this.#step((onEnd) => coder.finish(NOTHING, onEnd))
    } finally {
      this.#work.encoders--
      coder.close()
      this.close()
    }
  }

  /** A thread of the pool is taken until the step has ended there, also if nobody waits for it. */
  async #step(run: (onEnd: () => void) => Promise<Buffer[]>): Promise<Buffer[]> {
    const held = await this.#work.threads.acquire()
    return run(() => held.release())
  }

  close(): void {
    closeSource(this.#source)
  }
}

/** What an answer to HEAD has in place of a body: its length is not known, and it is never read. */
export class UnreadBody implements AsyncIterable<Uint8Array> {
  readonly #source: Source | null
  constructor(source: Source | null) {
    this.#source = source
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    // Nothing comes: HEAD has no body.
  }
  close(): void {
    if (this.#source !== null) closeSource(this.#source)
  }
}

function closeSource(source: Source): void {
  if (typeof source === 'string' || source instanceof Uint8Array) return
  if ('file' in source) source.file.close()
  else if ('close' in source && typeof source.close === 'function') source.close()
}

/** The pieces of it as bytes, none of them empty or longer than one step. */
async function* partsOf(source: Source): AsyncGenerator<Uint8Array, void> {
  for await (const piece of piecesOf(source)) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (let at = 0; at < bytes.length; at += STEP_BYTES) yield bytes.subarray(at, at + STEP_BYTES)
  }
}

async function* piecesOf(source: Source): AsyncGenerator<Uint8Array | string, void> {
  if (typeof source === 'string' || source instanceof Uint8Array) yield source
  else if ('file' in source) yield* wholeFile(source.file)
  else if (Symbol.asyncIterator in source) yield* source
  else for (let bytes = await source.recv(); bytes.length > 0; bytes = await source.recv()) yield bytes
}

/** Encoded, the body has no length that could be found wanting: one of a file that became shorter must not seem whole. */
async function* wholeFile(file: FileBody): AsyncGenerator<Uint8Array, void> {
  const { offset: from, length } = file
  let left = length
  for await (const piece of new FilePieces(file, [{ from, length }])) {
    left -= piece.length
    yield piece
  }
  if (left > 0)
    throw new HttpError('HTTP_HEADER', `the file has ${left} bytes less than when it began to be sent`)
}
