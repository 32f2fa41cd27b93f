/**
 * Calls of JSON-RPC, of one text, and what they come to. Methods are the functions that a table has as its own properties: nothing that
 * every object inherits can be called. What a method throws stays here, unless it is a JsonRpcError.
 */
import { current, Interrupted, inParallel } from '@shrapnel/core'
import { reportFailure } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import { isDeeperThan } from '../wire/json-depth.js'
import {
  INTERNAL_ERROR,
  INVALID_REQUEST,
  JsonRpcError,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
} from './json-rpc-error.js'
import type { JsonRpcMethods, JsonRpcSettings } from './json-rpc-options.js'

type Id = string | number | null
type Reply =
  | { readonly jsonrpc: '2.0'; readonly result: unknown; readonly id: Id }
  | {
      readonly jsonrpc: '2.0'
      readonly error: { code: number; message: string; data?: unknown }
      readonly id: Id
    }

export class JsonRpcCalls {
  readonly #methods: JsonRpcMethods
  readonly #settings: JsonRpcSettings
  readonly #request: HttpRequest | undefined

  constructor(methods: JsonRpcMethods, settings: JsonRpcSettings, request: HttpRequest | undefined) {
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

export function failure(code: number, message: string, id: Id = null, data?: unknown): Reply {
  return { jsonrpc: '2.0', error: data === undefined ? { code, message } : { code, message, data }, id }
}

/** A result that JSON cannot express, a cycle or a BigInt, is the method's fault and not the caller's. */
export function stringify(reply: Reply): string {
  try {
    return JSON.stringify('result' in reply && !isJson(reply.result) ? { ...reply, result: null } : reply)
  } catch {
    return JSON.stringify(failure(INTERNAL_ERROR, 'Internal error', reply.id))
  }
}

function isJson(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol'
}
