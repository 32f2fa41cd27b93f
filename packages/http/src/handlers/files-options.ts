/** What `files` can be told, checked once. */
import { fileURLToPath } from 'node:url'
import { checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { HttpHeaders } from '../headers.js'
import { isEntityTag } from '../wire/entity-tag.js'

/** A file that is about to be sent. */
export interface FileFacts {
  /** Below the root, decoded, with `/` between: `css/site.css`. */
  readonly name: string
  /** In bytes; of what is sent, so of the compressed form if that is. */
  readonly size: number
  /** When it was changed last, in milliseconds since the epoch. */
  readonly mtimeMs: number
}

export type FileEncoding = 'br' | 'zstd' | 'gzip'

export interface FilesOptions {
  /** What comes before the file's name in a path, such as `/static`. None unless given. */
  readonly prefix?: string
  /** The file that is given for a folder; false: none. `index.html` unless given. */
  readonly index?: string | false
  /** What a name may lack, in the order in which it is tried: with `['html']`, `/about` gives `about.html`. None unless given. */
  readonly extensions?: readonly string[]
  /**
   * The file below the root that is given, with status 200, for a path that leads to none and whose last part has no dot: `index.html`, for an
   * application that finds its way in the browser. It comes before `next`. None unless given.
   */
  readonly fallback?: string
  /** Shows what is in a folder that has no index, as HTML. False unless given. */
  readonly listing?: boolean
  /** Names that begin with a dot: all of them, or those named, such as `['.well-known']`. False unless given: 404. */
  readonly dotFiles?: boolean | readonly string[]
  /** Links that lead out of the root are followed. False unless given: 404. */
  readonly outsideLinks?: boolean
  /** As middleware, what is not there is left to `next`, as are methods other than GET and HEAD. True unless given. */
  readonly fallsThrough?: boolean
  /**
   * Compressed forms that lie beside a file, `site.css.br` beside `site.css`, in the order in which they are liked. None unless given. They
   * are sent as they are: whoever changes the file makes them again.
   */
  readonly precompressed?: readonly FileEncoding[]
  /** How long a client may keep a file, in seconds: `Cache-Control: public, max-age=…`. Not said unless given. */
  readonly maxAgeSeconds?: number
  /** With `maxAgeSeconds`: what is once there under a name never changes. False unless given. */
  readonly immutable?: boolean
  /**
   * True, which it is unless given: a strong tag of size and time, weak while the file is younger than a second. False: none. Or a function that
   * knows better, such as one for files whose times are all the same.
   */
  readonly etag?: boolean | ((file: FileFacts) => string | undefined)
  /** More fields for a file, which go before those made here: `Content-Type`, `Cache-Control` … */
  readonly headers?: (file: FileFacts) => Readonly<Record<string, string>>
  /** The client is to save the file: under its own name, or the one given for it. False unless given. */
  readonly download?: boolean | ((file: FileFacts) => string | boolean)
  /** Ranges of one request that are answered; who asks for more gets the whole. 16 unless given, 0: Range is ignored. */
  readonly maxRanges?: number
  /** Names that a listing shows; of more it says that there are more. 10,000 unless given. */
  readonly maxListed?: number
  /**
   * Opens and reads in Node's thread pool. False unless given: on a local disk the calls take 4 µs, and 20 to 40 in the pool. True for
   * network and other slow file systems, which would hold up the thread; then nothing goes by sendfile(2).
   */
  readonly threadPool?: boolean
}

export interface FilesSettings
  extends Required<Omit<FilesOptions, 'dotFiles' | 'maxAgeSeconds' | 'immutable' | 'headers' | 'fallback'>> {
  readonly fallback: string | undefined
  readonly allowsHidden: (name: string) => boolean
  readonly cacheControl: string | undefined
  readonly headers: FilesOptions['headers']
}

const NAMES = new Set([
  'prefix', 'index', 'extensions', 'fallback', 'listing', 'dotFiles', 'outsideLinks', 'fallsThrough', 'precompressed', 'maxAgeSeconds',
  'immutable', 'etag', 'headers', 'download', 'maxRanges', 'maxListed', 'threadPool',
]) // biome-ignore format: a table
const ENCODINGS: readonly string[] = ['br', 'zstd', 'gzip'] satisfies FileEncoding[]
const MOST = Number.MAX_SAFE_INTEGER
/** A year and more is as good as for ever (RFC 9111, 1.2.2 has 2^31). */
const MAX_AGE_SECONDS = 2 ** 31

export function filesSettings(options: FilesOptions): FilesSettings {
  checkOptionNames(options, NAMES)
  const { prefix = '', index = 'index.html', precompressed = [], dotFiles = false } = options
  const { etag = true, download = false, headers } = options
  if (typeof prefix !== 'string' || (prefix !== '' && !/^\/.*[^/]$/.test(prefix)))
    throw wrongType('prefix', 'a path that begins with a slash and does not end in one', prefix)
  if (index !== false && (typeof index !== 'string' || index === '' || index.includes('/')))
    throw wrongType('index', 'the name of a file, or false', index)
  const { extensions = [], fallback } = options
  if (!Array.isArray(extensions) || !extensions.every(isExtension))
    throw wrongType('extensions', "an array of extensions without their dots, such as 'html'", extensions)
  if (fallback !== undefined && !isFileName(fallback))
    throw wrongType('fallback', 'the name of a file below the root', fallback)
  if (!Array.isArray(precompressed) || !precompressed.every((one) => ENCODINGS.includes(one)))
    throw wrongType('precompressed', "an array of 'br', 'zstd' and 'gzip'", precompressed)
  if (typeof dotFiles !== 'boolean' && !Array.isArray(dotFiles))
    throw wrongType('dotFiles', 'true, false, or an array of names', dotFiles)
  if (typeof etag !== 'boolean') checkFunction('etag', etag)
  if (typeof download !== 'boolean') checkFunction('download', download)
  if (headers !== undefined) checkFunction('headers', headers)
  const allowed = new Set(typeof dotFiles === 'boolean' ? [] : (dotFiles as readonly string[]))
  return {
    prefix,
    index,
    extensions,
    fallback,
    listing: flag(options, 'listing', false),
    allowsHidden: dotFiles === true ? () => true : (name) => allowed.has(name),
    outsideLinks: flag(options, 'outsideLinks', false),
    fallsThrough: flag(options, 'fallsThrough', true),
    precompressed,
    cacheControl: cacheControlOf(options),
    etag,
    headers,
    download,
    maxRanges: checkInteger('maxRanges', options.maxRanges ?? 16, 0, MOST),
    maxListed: checkInteger('maxListed', options.maxListed ?? 10_000, 0, MOST),
    threadPool: flag(options, 'threadPool', false),
  }
}

function isExtension(one: unknown): boolean {
  return typeof one === 'string' && /^[^./\\\0][^/\\\0]*$/.test(one)
}

function isFileName(name: unknown): boolean {
  return typeof name === 'string' && /^[^/\\\0]/.test(name) && !/(?:^|\/)\.\.?(?:\/|$)/.test(name)
}

type Flag = 'listing' | 'outsideLinks' | 'fallsThrough' | 'immutable' | 'threadPool'

function flag(options: FilesOptions, name: Flag, usual: boolean): boolean {
  const value = options[name] ?? usual
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
  return value
}

function cacheControlOf(options: FilesOptions): string | undefined {
  const isImmutable = flag(options, 'immutable', false)
  if (options.maxAgeSeconds === undefined) return undefined
  const age = checkInteger('maxAgeSeconds', options.maxAgeSeconds, 0, MAX_AGE_SECONDS)
  return `public, max-age=${age}${isImmutable ? ', immutable' : ''}`
}

/** A folder's path. */
export function rootPath(root: string | URL): string {
  if (root instanceof URL) return fileURLToPath(root)
  if (typeof root !== 'string' || root === '' || root.includes('\0'))
    throw wrongType('root', 'the path of a folder, or a file: URL', root)
  return root
}

/** What an `etag` function gave: throws if it is none. */
export function checkedTag(tag: string | undefined): string | undefined {
  if (tag !== undefined && (typeof tag !== 'string' || !isEntityTag(tag)))
    throw wrongType('what etag gives', 'an entity tag with its quotes', tag)
  return tag
}

/** Fields of a `headers` function put before those that are there. */
export function withFields(
  headers: Readonly<Record<string, string | undefined>>,
  more: Readonly<Record<string, string>>,
): HttpHeaders {
  const all = new HttpHeaders(headers)
  for (const [name, value] of Object.entries(more)) all.set(name, value)
  return all
}
