/**
 * BufferedReader: lines, blocks and exact counts from any Stream. Each read has a synchronous twin, `try…`, that gives
 * `undefined` where bytes are missing, so that a codec waits only when it must; and where the peer decides how long a result
 * gets, a limit (`LIMIT`, which names the option). It does not parse, and it never closes the stream.
 *
 * Promises: a read that fails takes nothing, whether it was cancelled, met the end (`EndOfStream` carries a copy of what there
 * was), passed a limit or the stream broke: the next read finds the same bytes. What is here already comes without a promise.
 * The time is linear in the bytes, however slowly they come. A reader with nothing in it holds no buffer. Results are the
 * caller's to keep, but for those of methods named `…View`.
 */
import { type Awaitable, DONE } from '../awaitable.js'
import { checkInteger, EndOfStream, outOfRange } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { BufferedBytes, tooLong } from './buffered-bytes.js'
import { checkDelimiter } from './delimiter-search.js'
import { Direction } from './direction.js'
import {
  type BufferedReaderOptions,
  checkEncoding,
  checkLimit,
  type LineEncoding,
  type LineOptions,
  type LinesOptions,
  type ReaderSettings,
  readerSettings,
  type UntilOptions,
} from './reader-options.js'
import type { Stream } from './stream.js'

const NO_OPTIONS = {}
const NOTHING: Buffer = Buffer.alloc(0)

export class BufferedReader {
  readonly stream: Stream
  readonly #settings: ReaderSettings
  readonly #bytes = new BufferedBytes()
  readonly #turn = new Direction<never>('read from a BufferedReader')

  constructor(stream: Stream, options: BufferedReaderOptions = NO_OPTIONS) {
    this.stream = stream
    this.#settings = readerSettings(options)
  }

  /** Bytes that are here and not taken. */
  get bufferedBytes(): number {
    return this.#bytes.length
  }

  /** What is here, at most `max` bytes; if nothing is, what one `recv` brings. Empty at the end. */
  read(max = this.#settings.chunkBytes): Awaitable<Buffer> {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    return this.#run(
      () => this.#bytes.takeSome(max),
      () => NOTHING,
    )
  }

  tryRead(max = this.#settings.chunkBytes): Buffer | undefined {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    return this.#mine().takeSome(max)
  }

  /** `count` bytes. */
  readExact(count: number): Awaitable<Buffer> {
    this.#checkCount(count)
    return this.#run(
      () => this.#bytes.takeExact(count),
      () => this.#fail(`of ${count}`),
      count,
    )
  }

  tryReadExact(count: number): Buffer | undefined {
    this.#checkCount(count)
    return this.#mine().takeExact(count)
  }

  /** Everything before the next `delimiter`, which is taken too. A delimiter that is text counts as UTF-8. */
  readUntil(delimiter: string | Uint8Array, options: UntilOptions = NO_OPTIONS): Awaitable<Buffer> {
    const limit = this.#untilLimit(options)
    const delimiterBytes = checkDelimiter(delimiter)
    return this.#run(
      () => this.#bytes.takeUntil(delimiter, delimiterBytes, limit),
      () => this.#fail('and before the delimiter'),
    )
  }

  tryReadUntil(delimiter: string | Uint8Array, options: UntilOptions = NO_OPTIONS): Buffer | undefined {
    return this.#mine().takeUntil(delimiter, checkDelimiter(delimiter), this.#untilLimit(options))
  }

  /** A line, without the LF or CRLF that ends it. A CR elsewhere belongs to the line. */
  readLine(options: LineOptions = NO_OPTIONS): Awaitable<string> {
    const limit = this.#lineLimit(options)
    const encoding = this.#encoding(options)
    return this.#run(
      () => this.#bytes.takeLine(encoding, limit),
      () => this.#fail('of an unfinished line'),
    )
  }

  tryReadLine(options: LineOptions = NO_OPTIONS): string | undefined {
    return this.#mine().takeLine(this.#encoding(options), this.#lineLimit(options))
  }

  /** Line by line until the end; `EndOfStream` if that comes in the middle of one, unless `lastMayBeOpen`. */
  async *lines(options: LinesOptions = NO_OPTIONS): AsyncGenerator<string, void, undefined> {
    while (this.#bytes.length > 0 || (await this.fill())) {
      let line: string
      try {
        line = await this.readLine(options)
      } catch (error) {
        if (!options.lastMayBeOpen || !(error instanceof EndOfStream)) throw error
        line = error.partial.toString(this.#encoding(options))
        this.consume(error.partial.length)
      }
      yield line
    }
  }

  /** A copy of the next `count` bytes, which stay. */
  peek(count: number): Awaitable<Buffer> {
    this.#checkCount(count)
    return this.#run(
      () => this.#bytes.copy(count),
      () => this.#fail(`of ${count}`),
      count,
    )
  }

  tryPeek(count: number): Buffer | undefined {
    this.#checkCount(count)
    return this.#mine().copy(count)
  }

  /** As `peek`, without copying: a view, valid until the next call of this reader. */
  peekView(count: number): Awaitable<Buffer> {
    this.#checkCount(count)
    return this.#run(
      () => this.#bytes.view(count),
      () => this.#fail(`of ${count}`),
      count,
    )
  }

  tryPeekView(count: number): Buffer | undefined {
    this.#checkCount(count)
    return this.#mine().view(count)
  }

  /** All bytes that are here, without copying: a view, valid until the next call of this reader. See `fill` and `consume`. */
  bufferedView(): Buffer {
    const bytes = this.#mine()
    return bytes.view(bytes.length) as Buffer
  }

  /** Takes `count` bytes, which are here, and drops them. */
  consume(count: number): void {
    if (!this.trySkip(count))
      throw outOfRange('count', `at most the ${this.#bytes.length} bytes that are here`, count)
  }

  /**
   * Waits for more than is here; false at the end. For codecs that look at `bufferedView()` and `consume` what they
   * understood. How much to gather is theirs to limit.
   */
  fill(): Awaitable<boolean> {
    let before = -1
    return this.#run(
      () => {
        const { length } = this.#bytes
        if (before >= 0 && length > before) return true
        before = length
        return undefined
      },
      () => false,
    )
  }

  /**
   * Drops the next `count` bytes, as they come and without gathering them. It takes effect at once: cancelling ends the waiting,
   * and later reads begin behind those bytes all the same.
   */
  skip(count: number): Promise<void> {
    checkInteger('count', count, 0, Number.MAX_SAFE_INTEGER)
    let hasBegun = false
    const skipped = this.#run(
      () => {
        if (!hasBegun) this.#bytes.skip(count)
        hasBegun = true
        return this.#bytes.toSkip === 0 || undefined
      },
      () => this.#fail(`and ${this.#bytes.toSkip} before the end of what was to be skipped`),
    )
    return skipped instanceof Promise ? skipped.then(() => {}) : DONE
  }

  /** False, and nothing is dropped: they are not all here. */
  trySkip(count: number): boolean {
    checkInteger('count', count, 0, Number.MAX_SAFE_INTEGER)
    const bytes = this.#mine()
    if (count > bytes.length) return false
    bytes.drop(count)
    return true
  }

  /** Gives what `attempt` gives, now or after as many `recv`s as it takes; at the end of the stream, what `atEnd` does. */
  #run<T>(attempt: () => T | undefined, atEnd: () => T, wanted = 0): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#turn.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.#run(attempt, atEnd, wanted))
    const value = attempt()
    return value === undefined ? this.#gather(scope, attempt, atEnd, wanted) : value
  }

  async #gather<T>(scope: Scope, attempt: () => T | undefined, atEnd: () => T, wanted: number): Promise<T> {
    const bytes = this.#bytes
    const { chunkBytes } = this.#settings
    this.#turn.hold(scope)
    try {
      for (;;) {
        bytes.trim()
        let count: number
        if (wanted > chunkBytes && bytes.toSkip === 0) {
          count = await this.#receiveInPlace(wanted)
        } else {
          const received = this.stream.recv(chunkBytes)
          const chunk = received instanceof Promise ? await received : received
          bytes.append(chunk)
          count = chunk.length
        }
        if (count === 0) return atEnd()
        const value = attempt()
        if (value !== undefined) return value
      }
    } finally {
      this.#turn.release()
    }
  }

  /** Large blocks are received into their place, and not a byte beyond them, so that they need no copying. */
  async #receiveInPlace(wanted: number): Promise<number> {
    const bytes = this.#bytes
    let count = 0
    try {
      count = await this.stream.recvInto(bytes.roomView(wanted, this.#settings.chunkBytes))
    } finally {
      bytes.filled(count)
    }
    return count
  }

  #fail(text: string): never {
    const { length } = this.#bytes
    throw new EndOfStream(
      this.#bytes.copy(length) as Buffer,
      `the stream ended after ${length} bytes ${text}`,
    )
  }

  /** The bytes, unless somebody waits for more of them. */
  #mine(): BufferedBytes {
    if (!this.#turn.isFree) this.#turn.claim(currentScope())
    return this.#bytes
  }

  #checkCount(count: number): void {
    checkInteger('count', count, 0, Number.MAX_SAFE_INTEGER)
    const { maxExactBytes } = this.#settings
    if (count > maxExactBytes) throw tooLong('maxExactBytes', maxExactBytes, `a block of ${count} bytes`)
  }

  #untilLimit({ maxUntilBytes }: UntilOptions): number {
    return maxUntilBytes === undefined
      ? this.#settings.maxUntilBytes
      : checkLimit('maxUntilBytes', maxUntilBytes)
  }

  #lineLimit({ maxLineBytes }: LineOptions): number {
    return maxLineBytes === undefined ? this.#settings.maxLineBytes : checkLimit('maxLineBytes', maxLineBytes)
  }

  #encoding({ encoding }: LineOptions): LineEncoding {
    return encoding === undefined ? this.#settings.encoding : checkEncoding(encoding)
  }
}
