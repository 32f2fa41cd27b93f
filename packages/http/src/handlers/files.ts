/**
 * Files of a folder as answers: sendfile(2), ranges, conditions, index, compressed forms; never anything outside of the folder. It writes
 * nothing, and keeps nothing open between requests: on a local disk a file is opened, looked at and closed in 4 µs.
 */
import type { Awaitable } from '@shrapnel/core'
import type { Handler, HttpRequest, HttpResponse } from '../message.js'
import { negotiateEncoding } from '../wire/negotiation.js'
import { reasonOf } from '../wire/status.js'
import { directoryListing } from './directory-listing.js'
import { fileAnswer } from './file-answer.js'
import { filePath } from './file-path.js'
import { FileRoot, type OpenFile, type Refusal } from './file-root.js'
import {
  type FileEncoding,
  type FilesOptions,
  type FilesSettings,
  filesSettings,
  rootPath,
} from './files-options.js'

/** A handler by itself, and middleware too: with `next`, that gets what is not there. */
export type FilesHandler = (request: HttpRequest, next?: Handler) => Awaitable<HttpResponse>

const ENDS: Readonly<Record<FileEncoding, string>> = { br: '.br', zstd: '.zst', gzip: '.gz' }

/**
 * Gives the files below the folder `root`, a path or a `file:` URL, to GET and HEAD (405 with Allow to others). 404 for what is not there and
 * for what may not be given: hidden files, links out of the folder, devices; 400 for a path that is no text; 403 for what the process may
 * not read; 503 while it has no descriptor left. A folder without `/` at its end is 301. Throws if there is no folder `root`.
 *
 * A file that is cut short while it is sent resets the connection; one that grows is sent as long as it was. Cancelling closes the file.
 */
export function files(root: string | URL, options: FilesOptions = {}): FilesHandler {
  const settings = filesSettings(options)
  const { outsideLinks: allowsOutside, threadPool: isPooled } = settings
  const server = new FileServer(new FileRoot(rootPath(root), { allowsOutside, isPooled }), settings)
  return (request, next) => server.answer(request, settings.fallsThrough ? next : undefined)
}

/** What is asked for, with what is needed to answer. */
interface Asked {
  readonly request: HttpRequest
  readonly next: Handler | undefined
  readonly name: string
  readonly isFolder: boolean
}

class FileServer {
  readonly #root: FileRoot
  readonly #settings: FilesSettings

  constructor(root: FileRoot, settings: FilesSettings) {
    this.#root = root
    this.#settings = settings
  }

  answer(request: HttpRequest, next: Handler | undefined): Awaitable<HttpResponse> {
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD')
      return next === undefined ? plain(405, { Allow: 'GET, HEAD' }) : next(request)
    const { prefix, allowsHidden } = this.#settings
    const path = request.path
    const isHere = prefix === '' || (path.startsWith(prefix) && /^(?:\/|$)/.test(path.slice(prefix.length)))
    const found = isHere ? filePath(path.slice(prefix.length) || '/', allowsHidden) : 'refused'
    if (typeof found === 'string') return miss(request, next, found === 'malformed' ? 400 : 404)
    const { name } = found
    // The root itself, without a slash, is a folder too.
    const asked: Asked = { request, next, name, isFolder: found.isFolder && path.length > prefix.length }
    return chain(this.#root.open(name), (file) => this.#opened(asked, file))
  }

  #opened(asked: Asked, file: OpenFile | Refusal): Awaitable<HttpResponse> {
    if (file === 404) return this.#missing(asked, asked.isFolder ? [] : this.#settings.extensions)
    if (typeof file === 'number') return miss(asked.request, asked.next, file)
    if (file.isFolder) return this.#folder(asked, file)
    if (!asked.isFolder) return this.#file(asked.request, asked.name, file)
    file.close()
    return miss(asked.request, asked.next, 404)
  }

  /** Nothing has this name: one that it may lack an extension of, or what is given in its place. */
  #missing(asked: Asked, extensions: readonly string[]): Awaitable<HttpResponse> {
    const { request, next, name } = asked
    const [extension, ...others] = extensions
    if (extension !== undefined && name !== '') {
      const longer = `${name}.${extension}`
      return chain(this.#root.open(longer), (file) => {
        if (typeof file !== 'number' && !file.isFolder) return this.#file(request, longer, file)
        if (typeof file !== 'number') file.close()
        return this.#missing(asked, others)
      })
    }
    const { fallback } = this.#settings
    if (fallback === undefined || /\.[^/]*$/.test(name)) return miss(request, next, 404)
    return chain(this.#root.open(fallback), (file) => {
      if (typeof file !== 'number' && !file.isFolder) return this.#file(request, fallback, file)
      if (typeof file !== 'number') file.close()
      return miss(request, next, typeof file === 'number' ? file : 404)
    })
  }

  #folder(asked: Asked, folder: OpenFile): Awaitable<HttpResponse> {
    const { request, next, name } = asked
    const { index, listing } = this.#settings
    if (!asked.isFolder) {
      folder.close()
      const query = request.query === '' ? '' : `?${request.query}`
      return plain(301, { Location: `${request.path}/${query}` })
    }
    folder.close()
    if (index === false) return this.#list(asked)
    const indexName = name === '' ? index : `${name}/${index}`
    return chain(this.#root.open(indexName), (file) => {
      if (typeof file !== 'number' && !file.isFolder) return this.#file(request, indexName, file)
      if (typeof file !== 'number') file.close()
      return listing && (typeof file !== 'number' || file === 404)
        ? this.#list(asked)
        : miss(request, next, typeof file === 'number' ? file : 404)
    })
  }

  #list({ request, next, name }: Asked): Awaitable<HttpResponse> {
    if (!this.#settings.listing) return miss(request, next, 404)
    return chain(this.#root.open(name), (folder) => {
      if (typeof folder === 'number') return miss(request, next, folder)
      return directoryListing(folder, this.#root.pathOf(folder, name), name, this.#settings)
    })
  }

  /** Takes charge of `file`. `offered`: the compressed forms that may lie beside it. */
  #file(
    request: HttpRequest,
    name: string,
    file: OpenFile,
    offered = this.#settings.precompressed,
  ): Awaitable<HttpResponse> {
    const encoding = this.#encodingFor(request, offered)
    if (encoding === 'identity') return fileAnswer(request, name, file, undefined, this.#settings)
    const open = (): Awaitable<OpenFile | Refusal> => this.#root.open(name + ENDS[encoding])
    return chain(closingOnFailure(file, open), (compressed) => {
      if (typeof compressed !== 'number' && !compressed.isFolder) {
        file.close()
        return fileAnswer(request, name, compressed, encoding, this.#settings)
      }
      if (typeof compressed !== 'number') compressed.close()
      return this.#file(
        request,
        name,
        file,
        offered.filter((one) => one !== encoding),
      )
    })
  }

  #encodingFor(request: HttpRequest, offered: readonly FileEncoding[]): FileEncoding | 'identity' {
    if (offered.length === 0) return 'identity'
    return negotiateEncoding(request.headers.get('accept-encoding'), offered) as FileEncoding | 'identity'
  }
}

/** `next` knows better, unless the file is there and cannot be given. */
function miss(
  request: HttpRequest,
  next: Handler | undefined,
  status: Refusal | 400,
): Awaitable<HttpResponse> {
  if (next !== undefined && (status === 404 || status === 400)) return next(request)
  return plain(status, status === 503 ? { 'Retry-After': '1' } : {})
}

function plain(status: number, headers: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers, body: `${reasonOf(status)}\n` }
}

/** At once where the value is there. */
function chain<In, Out>(value: Awaitable<In>, go: (value: In) => Awaitable<Out>): Awaitable<Out> {
  return value instanceof Promise ? value.then(go) : go(value)
}

function closingOnFailure<T>(file: OpenFile, run: () => Awaitable<T>): Awaitable<T> {
  const failed = (error: unknown): never => {
    file.close()
    throw error
  }
  try {
    const value = run()
    return value instanceof Promise ? value.catch(failed) : value
  } catch (error) {
    return failed(error)
  }
}
