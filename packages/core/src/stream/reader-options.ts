/** What a BufferedReader may be told, and what it does unless told otherwise. */
import { checkInteger, outOfRange } from '../errors.js'

export type LineEncoding = 'utf8' | 'latin1'

export interface BufferedReaderOptions {
  /** The longest line, without its ending. 65,536 unless given. */
  readonly maxLineBytes?: number | undefined
  /** The most that `readUntil` gives, without the delimiter. 65,536 unless given. */
  readonly maxUntilBytes?: number | undefined
  /** The most that `readExact` and the peeks may be asked for. 16 MiB unless given. */
  readonly maxExactBytes?: number | undefined
  /** What lines are. `utf8` unless given; bytes that are not UTF-8 become U+FFFD. `latin1` keeps every byte. */
  readonly encoding?: LineEncoding | undefined
  /** How much is asked of the stream at a time. 65,536 unless given. */
  readonly chunkBytes?: number | undefined
}

export interface LineOptions {
  /** In place of the reader's own. */
  readonly maxLineBytes?: number | undefined
  readonly encoding?: LineEncoding | undefined
}

export interface LinesOptions extends LineOptions {
  /** True: a last line without an end is a line too, as in what programs write. False unless given: `EndOfStream`. */
  readonly lastMayBeOpen?: boolean | undefined
}

export interface UntilOptions {
  /** In place of the reader's own. */
  readonly maxUntilBytes?: number | undefined
}

/** Long enough for the header lines and commands of every protocol at hand, short enough for a connection each of thousands. */
const DEFAULT_MAX_LINE_BYTES = 65_536
/** A whole packet of MySQL; larger messages are for protocols that know why. */
const DEFAULT_MAX_EXACT_BYTES = 16 * 1024 * 1024
const DEFAULT_CHUNK_BYTES = 65_536
/** The longest Buffer of the oldest Node supported is longer; nobody buffers that much. */
const MOST_BYTES = 2 ** 31 - 1

export type ReaderSettings = {
  readonly [Option in keyof BufferedReaderOptions]-?: NonNullable<BufferedReaderOptions[Option]>
}

export function readerSettings(options: BufferedReaderOptions): ReaderSettings {
  return {
    maxLineBytes: checkLimit('maxLineBytes', options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES),
    maxUntilBytes: checkLimit('maxUntilBytes', options.maxUntilBytes ?? DEFAULT_MAX_LINE_BYTES),
    maxExactBytes: checkLimit('maxExactBytes', options.maxExactBytes ?? DEFAULT_MAX_EXACT_BYTES),
    encoding: checkEncoding(options.encoding ?? 'utf8'),
    chunkBytes: checkInteger('chunkBytes', options.chunkBytes ?? DEFAULT_CHUNK_BYTES, 1, MOST_BYTES),
  }
}

export function checkLimit(name: string, bytes: number): number {
  return checkInteger(name, bytes, 0, MOST_BYTES)
}

export function checkEncoding(encoding: LineEncoding): LineEncoding {
  if (encoding !== 'utf8' && encoding !== 'latin1')
    throw outOfRange('encoding', "'utf8' or 'latin1'", encoding)
  return encoding
}
