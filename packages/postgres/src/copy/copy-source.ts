/** What COPY reads from, of whatever kind, as one: `next` gives a piece, or null at the end. */
import type { Stream } from '@shrapnel/core'
import type { Scope } from '@shrapnel/core/parts'
import { currentScope, Wait, wrongType } from '@shrapnel/core/parts'

/** Bytes as they are, text as UTF-8, or a row: a list of its values. */
export type CopyPiece = Uint8Array | string | readonly unknown[]
/** Where they come from; or a single piece, bytes or text. */
export type CopySource =
  | Uint8Array
  | string
  | Iterable<CopyPiece>
  | AsyncIterable<CopyPiece>
  | Pick<Stream, 'recv'>

export interface Pieces {
  /** A value at once if it is there. Cancelling the wait leaves what it waited for. */
  next(): CopyPiece | null | Promise<CopyPiece | null>
  /** As leaving a loop does. Waits, unless something is under way that may never end. */
  close(): void | Promise<void>
}

export function piecesOf(source: CopySource): Pieces {
  if (typeof source === 'object' && source !== null) {
    // A list of rows is no row, and bytes are no list of numbers.
    if (source instanceof Uint8Array) return new IteratedPieces([source][Symbol.iterator]())
    if (Symbol.asyncIterator in source) return new IteratedPieces(source[Symbol.asyncIterator]())
    if (Symbol.iterator in source) return new IteratedPieces(source[Symbol.iterator]())
    if (typeof (source as Pick<Stream, 'recv'>).recv === 'function')
      return new ReceivedPieces(source as Pick<Stream, 'recv'>)
  }
  if (typeof source === 'string') return new IteratedPieces([source as string][Symbol.iterator]())
  throw wrongType('the source', 'a Stream, or something to be looped over', source)
}

type AnyIterator = Iterator<CopyPiece> | AsyncIterator<CopyPiece>

class IteratedPieces implements Pieces {
  readonly #iterator: AnyIterator
  #isWaiting = false
  #isOver = false

  constructor(iterator: AnyIterator) {
    this.#iterator = iterator
  }

  next(): CopyPiece | null | Promise<CopyPiece | null> {
    const result = this.#iterator.next()
    return result instanceof Promise ? this.#wait(result) : this.#value(result as IteratorResult<CopyPiece>)
  }

  async #wait(result: Promise<IteratorResult<CopyPiece>>): Promise<CopyPiece | null> {
    this.#isWaiting = true
    const value = this.#value(await settled(result, () => this.#settled()))
    return value
  }

  #settled(): void {
    this.#isWaiting = false
  }

  #value(result: IteratorResult<CopyPiece>): CopyPiece | null {
    if (result.done !== true) return result.value
    this.#isOver = true
    return null
  }

  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const closing = this.#iterator.return?.()
    if (!(closing instanceof Promise)) return
    const isWaiting = this.#isWaiting || currentScope().cancellation !== null
    if (!isWaiting) await settled(closing, () => {})
    // A generator ends when what it waits for does.
    else closing.then(undefined, () => {})
  }
}

class ReceivedPieces implements Pieces {
  readonly #stream: Pick<Stream, 'recv'>

  constructor(stream: Pick<Stream, 'recv'>) {
    this.#stream = stream
  }

  next(): CopyPiece | null | Promise<CopyPiece | null> {
    const received = this.#stream.recv()
    return received instanceof Promise ? received.then(endless) : endless(received)
  }

  close(): void {
    // It is the program's.
  }
}

function endless(bytes: Buffer): Buffer | null {
  return bytes.length === 0 ? null : bytes
}

/** Waits for a promise that is not ours, and can be cancelled. Cheaper than `interruptible`, which allows for many waits of one promise. */
function settled<T>(promise: Promise<T>, done: () => void): Promise<T> {
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) {
    promise.then(done, done)
    return refused
  }
  const wait = new PieceWait<T>(scope)
  const result = wait.suspend()
  promise.then(
    (value) => {
      done()
      wait.wake(value)
    },
    (error) => {
      done()
      wait.fail(error)
    },
  )
  return result
}

class PieceWait<T> extends Wait<T> {
  constructor(scope: Scope) {
    super(scope)
  }

  protected unlink(): void {
    // The promise goes on, and what it gives is dropped.
  }

  describe(): string {
    return 'the source of a COPY'
  }
}
