/**
 * A body on its way into a file. It goes to FILE.partial, and beside that lies what the server calls this version of it (FILE.partial.json); so
 * it can be gone on with after whatever has happened, and FILE is there only when it is whole. What is no file, such as a device or a pipe,
 * is written to as it is: a file in its place would be no help to anybody.
 */
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { interruptible } from '@shrapnel/core'
import type { ClientResponse } from '../client/response.js'
import { HttpError } from '../errors.js'
import { type Progress, startProgress } from './progress.js'

/** The file cannot be written. */
export class FileError extends Error {}

interface Begun {
  readonly url: string
  /** A strong ETag, or Last-Modified. */
  readonly validator: string
}

export class Download {
  readonly path: string
  readonly partialPath: string
  readonly #url: string
  /** Bytes that are there of an earlier attempt. */
  readonly #have: number
  readonly #begun: Begun | null
  /** It is there, and no file. */
  readonly #isSpecial: boolean
  #file: FileHandle | null = null
  #progress: Progress | null = null
  /** There is something to go on with. */
  isPartial: boolean
  #hasValidator: boolean
  #isWhole = false

  private constructor(path: string, url: string, have: number, begun: Begun | null, isSpecial: boolean) {
    this.path = path
    this.partialPath = isSpecial ? path : `${path}.partial`
    this.#isSpecial = isSpecial
    this.#url = url
    this.#have = have
    this.#begun = begun
    this.isPartial = this.#hasValidator = begun !== null
  }

  static async begin(
    path: string,
    { url, continues }: { readonly url: string; readonly continues: boolean },
  ): Promise<Download> {
    const special = await isSpecial(path)
    const begun = continues && !special ? await readBegun(`${path}.partial.json`) : null
    const have = begun?.url === url ? await sizeOf(`${path}.partial`) : 0
    return new Download(path, url, have, have > 0 ? begun : null, special)
  }

  /** What the request says, to get the rest if it is still the same (RFC 9110, 13.1.5). */
  get fields(): readonly (readonly [string, string])[] {
    if (this.#begun === null) return []
    return [
      ['Range', `bytes=${this.#have}-`],
      ['If-Range', this.#begun.validator],
    ]
  }

  /** False: the server has no such part, and the file is not whole. */
  async take(response: ClientResponse): Promise<boolean> {
    if (response.status === 416) return await this.#takeRefusal(response)
    const isRest = response.status === 206 && this.#begun !== null
    if (response.status === 206 && rangeOf(response)?.from !== (isRest ? this.#have : -1))
      throw new HttpError('HTTP_SYNTAX', 'the server sent another part than it was asked for')
    const from = isRest ? this.#have : 0
    const length = lengthOf(response)
    await attempt(async () => {
      this.#file = await open(this.partialPath, isRest ? 'r+' : 'w')
      if (!isRest) await this.#note(response)
    })
    this.#progress = await startProgress(this.path, from, length === undefined ? undefined : from + length)
    await this.#receive(response, from)
    await this.#finish()
    return true
  }

  async #receive(response: ClientResponse, from: number): Promise<void> {
    const file = this.#file as FileHandle
    let at = from
    for await (const piece of response.body) {
      const place = this.#isSpecial ? null : at
      await attempt(() => interruptible(file.write(piece, 0, piece.length, place)))
      at += piece.length
      this.isPartial = this.#hasValidator
      this.#progress?.advance(at)
    }
    if (at === 0 && !this.#isSpecial) await attempt(() => file.truncate(0))
  }

  /** What it would take to go on, before there is anything to go on with. */
  async #note(response: ClientResponse): Promise<void> {
    if (this.#isSpecial) return
    const etag = response.headers.get('etag')
    const validator =
      etag !== undefined && !etag.startsWith('W/') ? etag : response.headers.get('last-modified')
    this.#hasValidator = validator !== undefined
    this.isPartial = false
    if (validator === undefined) await rm(`${this.partialPath}.json`, { force: true })
    else await writeFile(`${this.partialPath}.json`, JSON.stringify({ url: this.#url, validator }))
  }

  /** Nothing follows what is here: it may be all there is. */
  async #takeRefusal(response: ClientResponse): Promise<boolean> {
    const whole = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
    response.discard()
    if (this.#begun === null || Number(whole) !== this.#have) return false
    await this.#finish()
    return true
  }

  async #finish(): Promise<void> {
    this.#isWhole = true
    await attempt(async () => {
      await this.#file?.close()
      this.#file = null
      if (this.#isSpecial) return
      await rename(this.partialPath, this.path)
      await rm(`${this.partialPath}.json`, { force: true })
    })
    this.isPartial = false
  }

  /** What nobody could go on with goes. */
  async end(): Promise<void> {
    const file = this.#file
    this.#file = null
    this.#progress?.end(this.#isWhole)
    await file?.close()
    if (file === null || this.isPartial || this.#isSpecial) return
    await rm(this.partialPath, { force: true })
    await rm(`${this.partialPath}.json`, { force: true })
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { syscall?: string }).syscall === undefined) throw error
    throw new FileError((error as Error).message, { cause: error })
  }
}

async function readBegun(path: string): Promise<Begun | null> {
  try {
    const { url, validator } = JSON.parse(await readFile(path, 'utf8')) as Begun
    return typeof url === 'string' && typeof validator === 'string' ? { url, validator } : null
  } catch {
    return null
  }
}

/** A device or a pipe. */
async function isSpecial(path: string): Promise<boolean> {
  let facts: Awaited<ReturnType<typeof stat>>
  try {
    facts = await stat(path)
  } catch {
    return false
  }
  if (facts.isDirectory()) throw new FileError(`${path} is a directory`)
  return !facts.isFile()
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return 0
  }
}

function rangeOf(response: ClientResponse): { readonly from: number } | undefined {
  const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
  return range === null ? undefined : { from: Number(range[1]) }
}

function lengthOf(response: ClientResponse): number | undefined {
  const text = response.headers.get('content-length')
  return text === undefined ? undefined : Number(text)
}
