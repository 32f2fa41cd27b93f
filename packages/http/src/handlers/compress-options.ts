/** What `compress` can be told, checked once. */
import { checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse } from '../message.js'
import { type ContentCoding, hasCoding } from './content-coder.js'

export interface CompressOptions {
  /** In the order in which they are liked; those that this Node has not are left out. `['br', 'zstd', 'gzip']` unless given. */
  readonly codings?: readonly ContentCoding[]
  /** Shorter bodies are sent as they are. 1,024 unless given. */
  readonly minBytes?: number
  /** Up to so many bytes a body is compressed at once, in the thread: half the work of going to the pool and back. 4,096 unless given. */
  readonly inlineBytes?: number
  /** Unless given `br` 4, `zstd` 3, `gzip` and `deflate` 6. */
  readonly levels?: Readonly<Partial<Record<ContentCoding, number>>>
  /** Sends what is compressed after every piece of a streamed body. Unless given for `text/event-stream` alone: it costs size. */
  readonly flush?: boolean
  /** Threads of Node's pool (it has 4) that compress at once. 2 unless given, so that files and names have theirs. */
  readonly maxThreads?: number
  /** Streamed bodies that are compressed at once, each with up to 1 MB of memory; more are sent as they are. 200 unless given. */
  readonly maxStreams?: number
  /** False: this answer is sent as it is, such as a page with a secret and what the client sent (BREACH). */
  readonly filter?: (request: HttpRequest, response: HttpResponse) => boolean
}

export interface CompressSettings {
  readonly codings: readonly ContentCoding[]
  readonly minBytes: number
  readonly inlineBytes: number
  readonly levels: Readonly<Record<ContentCoding, number>>
  readonly flush: boolean | undefined
  readonly maxThreads: number
  readonly maxStreams: number
  readonly filter: CompressOptions['filter']
}

const NAMES = new Set([
  'codings',
  'minBytes',
  'inlineBytes',
  'levels',
  'flush',
  'maxThreads',
  'maxStreams',
  'filter',
])
const MOST = Number.MAX_SAFE_INTEGER
const USUAL: Readonly<Record<ContentCoding, number>> = { br: 4, zstd: 3, gzip: 6, deflate: 6 }
const HIGHEST: Readonly<Record<ContentCoding, number>> = { br: 11, zstd: 19, gzip: 9, deflate: 9 }
const CODINGS = new Set<string>(Object.keys(USUAL))

export function compressSettings(options: CompressOptions): CompressSettings {
  checkOptionNames(options, NAMES)
  const { codings = ['br', 'zstd', 'gzip'], levels = {}, flush, filter } = options
  if (!Array.isArray(codings) || !codings.every((one) => CODINGS.has(one)))
    throw wrongType('codings', "an array of 'br', 'zstd', 'gzip' and 'deflate'", codings)
  if (flush !== undefined && typeof flush !== 'boolean') throw wrongType('flush', 'true or false', flush)
  if (filter !== undefined) checkFunction('filter', filter)
  const count = (
    name: 'minBytes' | 'inlineBytes' | 'maxThreads' | 'maxStreams',
    usual: number,
    least = 0,
  ): number => checkInteger(name, options[name] ?? usual, least, MOST)
  const given: Partial<Record<string, number>> = levels
  checkOptionNames(given, CODINGS)
  const level = (coding: ContentCoding): number =>
    checkInteger(
      `levels.${coding}`,
      levels[coding] ?? USUAL[coding],
      coding === 'br' ? 0 : 1,
      HIGHEST[coding],
    )
  return {
    codings: (codings as readonly ContentCoding[]).filter(hasCoding),
    minBytes: count('minBytes', 1_024),
    inlineBytes: count('inlineBytes', 4_096),
    levels: { br: level('br'), zstd: level('zstd'), gzip: level('gzip'), deflate: level('deflate') },
    flush,
    maxThreads: count('maxThreads', 2, 1),
    maxStreams: count('maxStreams', 200),
    filter,
  }
}
