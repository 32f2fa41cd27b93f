/** JSON-RPC 2.0 over POST, and over whatever carries texts. */
import { wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { Handler, HttpRequest, HttpResponse } from '../message.js'
import { failure, JsonRpcCalls, stringify } from './json-rpc-calls.js'
import { INVALID_PARAMS, INVALID_REQUEST, JsonRpcError } from './json-rpc-error.js'
import {
  checkMethods,
  type JsonRpcMethods,
  type JsonRpcOptions,
  jsonRpcSettings,
} from './json-rpc-options.js'
import { methodNotAllowed, reason } from './responses.js'

const JSON_TYPE = /^application\/(?:json|json-rpc|jsonrequest)[\t ]*(?:;|$)/i
const HEADERS = Object.freeze({ 'Content-Type': 'application/json' })

/**
 * Runs what `text` asks for, a call or a batch, and gives the text of the answer; undefined: there is none to
 * send, as it was all notifications. For channels of messages, such as a WebSocket; `jsonRpc` is the handler.
 * Waits for the methods. Cancelled, it interrupts them.
 */
export async function handleJsonRpc(
  methods: JsonRpcMethods,
  text: string,
  options: JsonRpcOptions & { readonly request?: HttpRequest } = {},
): Promise<string | undefined> {
  const { request, ...rest } = options
  checkMethods(methods)
  if (typeof text !== 'string') throw wrongType('text', 'text', text)
  const settings = jsonRpcSettings(rest)
  if (text.length > settings.maxBytes)
    return stringify(failure(INVALID_REQUEST, `Invalid Request: longer than ${settings.maxBytes}`))
  return new JsonRpcCalls(methods, settings, request).answer(text)
}

/**
 * A handler for POST with a Content-Type of `application/json`, which no other site's form can send. Whatever
 * the call comes to, the status is 200, or 204 where nothing was asked. Other methods are 405, other types
 * 415, more than `maxBytes` is 413.
 */
export function jsonRpc(methods: JsonRpcMethods, options: JsonRpcOptions = {}): Handler {
  checkMethods(methods)
  const settings = jsonRpcSettings(options)
  return async (request): Promise<HttpResponse> => {
    if (request.method !== 'POST') return methodNotAllowed(['POST'])
    if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) return reason(415)
    const text = await bodyText(request, settings.maxBytes)
    if (text === undefined) return reason(413)
    const body = await new JsonRpcCalls(methods, settings, request).answer(text)
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
