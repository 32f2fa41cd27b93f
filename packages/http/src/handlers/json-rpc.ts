/**
 * JSON-RPC 2.0 over POST, and over whatever carries texts. Methods are the functions that a table has as its
 * own properties: nothing that every object inherits can be called. What a method throws stays here, unless
 * it is a JsonRpcError.
 */
import { type Awaitable, current, Interrupted, inParallel } from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptionNames, reportFailure, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { Handler, HttpRequest, HttpResponse } from '../message.js'
import { isDeeperThan } from '../wire/json-depth.js'
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  JsonRpcError,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
} from './json-rpc-error.js'
import { methodNotAllowed, reason } from './responses.js'

/** What a method knows beside its parameters. */
export interface JsonRpcContext {
  /** Undefined where the call did not come over HTTP. */
  readonly request: HttpRequest | undefined
  /** Nobody is told of the outcome. */
  readonly isNotification: boolean
}

/**
 * Parameters come as they were sent: an array, an object, or undefined. What it gives is the result;
 * undefined is null.
 */
export type JsonRpcMethod = (params: never, context: JsonRpcContext) => Awaitable<unknown>

export interface JsonRpcOptions {
  /** Calls in one batch. 100 unless given. */
  readonly maxBatchSize?: number
  /** Arrays and objects in each other. 64 unless given. */
  readonly maxDepth?: number
  /** The text of a request, in bytes. 1 MiB unless given. */
  readonly maxBytes?: number
  /** Calls of one batch that run at a time; 1: each after the one before. 1 unless given. */
  readonly parallel?: number
  /** Told of each error of a method that became -32603. It goes to the exception notifier unless given. */
  readonly onError?: (error: unknown, method: string) => void
}

type Methods = Readonly<Record<string, JsonRpcMethod>>
type Id = string | number | null
type Reply =
  | { readonly jsonrpc: '2.0'; readonly result: unknown; readonly id: Id }
  | {
      readonly jsonrpc: '2.0'
      readonly error: { code: number; message: string; data?: unknown }
      readonly id: Id
    }

interface Settings {
  readonly maxBatchSize: number
  readonly maxDepth: number
  readonly maxBytes: number
  readonly parallel: number
  readonly onError: JsonRpcOptions['onError']
}

const OPTIONS = new Set(['maxBatchSize', 'maxDepth', 'maxBytes', 'parallel', 'onError'])
const MOST = 2 ** 31
const JSON_TYPE = /^application\/(?:json|json-rpc|jsonrequest)[\t ]*(?:;|$)/i
const HEADERS = Object.freeze({ 'Content-Type': 'application/json' })

function settingsOf(options: JsonRpcOptions): Settings {
  checkOptionNames(options, OPTIONS)
  if (options.onError !== undefined) checkFunction('onError', options.onError)
  return {
    maxBatchSize: checkInteger('maxBatchSize', options.maxBatchSize ?? 100, 1, MOST),
    maxDepth: checkInteger('maxDepth', options.maxDepth ?? 64, 1, 1_000),
    maxBytes: checkInteger('maxBytes', options.maxBytes ?? 1_048_576, 1, MOST),
    parallel: checkInteger('parallel', options.parallel ?? 1, 1, 1_000),
    onError: options.onError,
  }
}

function checkMethods(methods: unknown): void {
  if (typeof methods !== 'object' || methods === null) throw wrongType('methods', 'an object', methods)
  for (const [name, method] of Object.entries(methods)) checkFunction(`the method ${name}`, method)
}

class Calls {
  readonly #methods: Methods
  readonly #settings: Settings
  readonly #request: HttpRequest | undefined

  constructor(methods: Methods, settings: Settings, request: HttpRequest | undefined) {
    this.#methods = methods
    this.#settings = settings
    this.#request = request
  }

  /** The answer; undefined: there is none, as nobody asked for one. */
  async answer(text: string): Promise<string | undefined> {
    if (isDeeperThan(text, this.#settings.maxDepth))
      return stringify(failure(INVALID_REQUEST, 'Invalid Request: nested too deeply'))
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      return stringify(failure(PARSE_ERROR, 'Parse error'))
    }
    if (Array.isArray(message)) return this.#batch(message)
    const reply = await this.#call(message)
    return reply === undefined ? undefined : stringify(reply)
  }

  async #batch(calls: readonly unknown[]): Promise<string | undefined> {
    const { maxBatchSize, parallel } = this.#settings
    if (calls.length === 0) return stringify(failure(INVALID_REQUEST, 'Invalid Request: an empty batch'))
    if (calls.length > maxBatchSize)
      return stringify(
        failure(INVALID_REQUEST, `Invalid Request: more than ${maxBatchSize} calls in a batch`),
      )
    const replies = new Array<Reply | undefined>(calls.length)
    let next = 0
    const work = async (): Promise<void> => {
      while (next < calls.length) {
        const at = next++
        replies[at] = await this.#call(calls[at])
      }
    }
    if (parallel === 1) await work()
    else await inParallel(Array.from({ length: Math.min(parallel, calls.length) }, () => work))
    const given = replies.filter((reply) => reply !== undefined)
    return given.length === 0 ? undefined : `[${given.map(stringify).join(',')}]`
  }

  async #call(call: unknown): Promise<Reply | undefined> {
    if (typeof call !== 'object' || call === null || Array.isArray(call))
      return failure(INVALID_REQUEST, 'Invalid Request')
    const { jsonrpc, method: name, params, id } = call as Record<string, unknown>
    const isNotification = !Object.hasOwn(call, 'id')
    const knownId = isId(id) ? id : null
    const isValid =
      jsonrpc === '2.0' &&
      typeof name === 'string' &&
      (isNotification || isId(id)) &&
      (params === undefined || (typeof params === 'object' && params !== null))
    if (!isValid) return failure(INVALID_REQUEST, 'Invalid Request', knownId)
    const reply = await this.#run(name, params, isNotification, knownId)
    return isNotification ? undefined : reply
  }

  async #run(name: string, params: unknown, isNotification: boolean, id: Id): Promise<Reply> {
    const methods = this.#methods
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (typeof method !== 'function') return failure(METHOD_NOT_FOUND, 'Method not found', id)
    try {
      const result: unknown = await method(params as never, { request: this.#request, isNotification })
      return { jsonrpc: '2.0', result: result ?? null, id }
    } catch (error) {
      // Whoever asked has gone away: there is nobody to answer.
      if (error instanceof Interrupted) throw error
      if (error instanceof JsonRpcError) return failure(error.code, error.message, id, error.data)
      this.#report(error, name)
      return failure(INTERNAL_ERROR, 'Internal error', id)
    }
  }

  #report(error: unknown, method: string): void {
    const { onError } = this.#settings
    const coroutine = current()
    if (onError === undefined) {
      reportFailure(error, coroutine, `failed at JSON-RPC method ${method}`)
      return
    }
    try {
      onError(error, method)
    } catch (second) {
      reportFailure(second, coroutine, 'failed in onError')
    }
  }
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'string' || typeof id === 'number'
}

function failure(code: number, message: string, id: Id = null, data?: unknown): Reply {
  return { jsonrpc: '2.0', error: data === undefined ? { code, message } : { code, message, data }, id }
}

/** A result that JSON cannot express, a cycle or a BigInt, is the method's fault and not the caller's. */
function stringify(reply: Reply): string {
  try {
    return JSON.stringify('result' in reply && !isJson(reply.result) ? { ...reply, result: null } : reply)
  } catch {
    return JSON.stringify(failure(INTERNAL_ERROR, 'Internal error', reply.id))
  }
}

function isJson(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol'
}

/**
 * Runs what `text` asks for, a call or a batch, and gives the text of the answer; undefined: there is none to
 * send, as it was all notifications. For channels of messages, such as a WebSocket; `jsonRpc` is the handler.
 * Waits for the methods. Cancelled, it interrupts them.
 */
export async function handleJsonRpc(
  methods: Readonly<Record<string, JsonRpcMethod>>,
  text: string,
  options: JsonRpcOptions & { readonly request?: HttpRequest } = {},
): Promise<string | undefined> {
  const { request, ...rest } = options
  checkMethods(methods)
  if (typeof text !== 'string') throw wrongType('text', 'text', text)
  const settings = settingsOf(rest)
  if (text.length > settings.maxBytes)
    return stringify(failure(INVALID_REQUEST, `Invalid Request: longer than ${settings.maxBytes}`))
  return new Calls(methods, settings, request).answer(text)
}

/**
 * A handler for POST with a Content-Type of `application/json`, which no other site's form can send. Whatever
 * the call comes to, the status is 200, or 204 where nothing was asked. Other methods are 405, other types
 * 415, more than `maxBytes` is 413.
 */
export function jsonRpc(
  methods: Readonly<Record<string, JsonRpcMethod>>,
  options: JsonRpcOptions = {},
): Handler {
  checkMethods(methods)
  const settings = settingsOf(options)
  return async (request): Promise<HttpResponse> => {
    if (request.method !== 'POST') return methodNotAllowed(['POST'])
    if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) return reason(415)
    const text = await bodyText(request, settings.maxBytes)
    if (text === undefined) return reason(413)
    const body = await new Calls(methods, settings, request).answer(text)
    return body === undefined ? { status: 204 } : { status: 200, headers: HEADERS, body }
  }
}

/** Undefined: it is too long. JSON is UTF-8, whatever else is said (RFC 8259, 8.1). */
async function bodyText(request: HttpRequest, maxBytes: number): Promise<string | undefined> {
  try {
    return (await request.body.bytes({ maxBytes })).toString()
  } catch (error) {
    if (error instanceof HttpError && error.code === 'HTTP_LIMIT' && error.status === 413) return undefined
    throw error
  }
}

/** For a method whose parameters are not what it takes: -32602. */
export function invalidParams(message = 'Invalid params', data?: unknown): JsonRpcError {
  return new JsonRpcError(INVALID_PARAMS, message, data)
}
