/** One request, and where its response goes. */
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { addAbortSignal } from 'node:stream'
import { interruptible } from '@shrapnel/core'
import { createClient, type HttpClient } from '../client/client.js'
import type { RequestOptions } from '../client/options.js'
import type { ClientResponse } from '../client/response.js'
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import { ArgumentError, type Wanted } from './arguments.js'
import { Download, FileError } from './download.js'

const FAILED_STATUS = 1
const NO_RESPONSE = 3
const NO_FILE = 4

/** Gives the exit code. Throws `ArgumentError`, and the reason of `signal`. */
export async function perform(wanted: Wanted, signal: AbortSignal): Promise<number> {
  using client = clientFor(wanted)
  let download: Download | null = null
  try {
    if (wanted.output !== undefined) download = await Download.begin(wanted.output, wanted)
    const response = await client.request({
      ...(await requestFor(wanted, download, signal)),
      url: wanted.url,
      signal,
    })
    return await show(wanted, response, download)
  } catch (error) {
    if (signal.aborted) {
      if (download?.isPartial) say(`interrupted; --continue goes on from ${download.partialPath}`)
      else say('interrupted')
      throw error
    }
    if (error instanceof ArgumentError) throw error
    if (error instanceof HttpError && error.code === 'HTTP_HEADER') throw new ArgumentError(error.message)
    if (error instanceof HttpError && error.code === 'HTTP_URL') throw new ArgumentError(error.message)
    say(textOf(error))
    if (download?.isPartial) say(`--continue goes on from ${download.partialPath}`)
    return error instanceof FileError ? NO_FILE : NO_RESPONSE
  } finally {
    await download?.end()
  }
}

function clientFor({ proxy, isInsecure, timeoutMs }: Wanted): HttpClient {
  try {
    return createClient({
      timeoutMs,
      headers: { 'User-Agent': 'shrapnel-http', Accept: '*/*' },
      ...(proxy === undefined ? {} : { proxy }),
      ...(isInsecure ? { tls: { verify: false } } : {}),
    })
  } catch (error) {
    throw new ArgumentError(inItsWords((error as Error).message))
  }
}

async function requestFor(
  wanted: Wanted,
  download: Download | null,
  signal: AbortSignal,
): Promise<RequestOptions> {
  const { method, data, isJson } = wanted
  const headers = new HttpHeaders(headersOf(wanted))
  if (isJson && !headers.has('accept')) headers.append('Accept', 'application/json')
  const body = data === undefined ? undefined : await bodyOf(data, signal)
  if (body !== undefined && !headers.has('content-type'))
    headers.append('Content-Type', isJson ? 'application/json' : 'application/x-www-form-urlencoded')
  for (const [name, value] of download?.fields ?? []) headers.set(name, value)
  return {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    // A file is as the server has it, so that a part of it is a part.
    ...(download === null ? {} : { decompress: false }),
  }
}

function headersOf({ headers }: Wanted): HttpHeaders {
  try {
    return new HttpHeaders(headers)
  } catch (error) {
    throw new ArgumentError((error as Error).message)
  }
}

async function bodyOf(data: string, signal: AbortSignal): Promise<Uint8Array> {
  if (data === '-') {
    const pieces: Buffer[] = []
    for await (const piece of addAbortSignal(signal, process.stdin)) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  }
  if (!data.startsWith('@')) return Buffer.from(data)
  try {
    return await readFile(data.slice(1))
  } catch (error) {
    throw new ArgumentError((error as Error).message)
  }
}

async function show(wanted: Wanted, response: ClientResponse, download: Download | null): Promise<number> {
  if (wanted.showsHead || wanted.method === 'HEAD') await print(headText(response))
  const isFailure = response.status >= 400
  if (download !== null && (!isFailure || response.status === 416)) {
    const isThere = await download.take(response)
    return isThere ? 0 : FAILED_STATUS
  }
  if (download !== null) {
    say(`${response.status} ${response.statusText}: nothing is written to ${wanted.output}`)
    response.discard()
  } else if (wanted.isJson) await printJson(response)
  else await printBody(response)
  return isFailure ? FAILED_STATUS : 0
}

function headText({ version, status, statusText, headers }: ClientResponse): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\n`)
  return `HTTP/${version} ${status} ${statusText}\n${fields.join('')}\n`
}

async function printJson(response: ClientResponse): Promise<void> {
  const text = await response.text()
  let shown = text
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    if (text !== '') say('the body is no JSON')
  }
  if (shown !== '') await print(`${shown}\n`)
}

async function printBody(response: ClientResponse): Promise<void> {
  let isFirst = true
  let last = 10
  for await (const piece of response.body) {
    if (isFirst && process.stdout.isTTY && piece.includes(0))
      throw new ArgumentError('The body is no text: --output FILE writes it to a file, | sends it on.')
    isFirst = false
    last = piece[piece.length - 1] as number
    await print(piece)
  }
  if (process.stdout.isTTY && last !== 10) await print('\n')
}

/** Waits until it is taken. */
function print(data: string | Uint8Array): Promise<void> {
  return interruptible(
    new Promise<void>((resolve, reject) => {
      process.stdout.write(data, (error) => (error == null ? resolve() : reject(error)))
    }),
  )
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, cause } = error as { code?: string; cause?: unknown }
  const reason = cause instanceof Error && cause.message !== error.message ? ` (${cause.message})` : ''
  return `${inItsWords(error.message)}${reason}${code === undefined || error.message.includes(code) ? '' : ` [${code}]`}`
}

/** Whoever uses the command knows its options, and not the client's. */
function inItsWords(text: string): string {
  return text.replace(/\btimeoutMs\b/, '--timeout')
}
