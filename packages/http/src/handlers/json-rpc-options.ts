/** What a server of JSON-RPC may be told, and what its methods are. */
import type { Awaitable } from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'

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

export type JsonRpcMethods = Readonly<Record<string, JsonRpcMethod>>

export interface JsonRpcSettings {
  readonly maxBatchSize: number
  readonly maxDepth: number
  readonly maxBytes: number
  readonly parallel: number
  readonly onError: JsonRpcOptions['onError']
}

const OPTIONS = new Set(['maxBatchSize', 'maxDepth', 'maxBytes', 'parallel', 'onError'])
const MOST = 2 ** 31

export function jsonRpcSettings(options: JsonRpcOptions): JsonRpcSettings {
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

export function checkMethods(methods: unknown): void {
  if (typeof methods !== 'object' || methods === null) throw wrongType('methods', 'an object', methods)
  for (const [name, method] of Object.entries(methods)) checkFunction(`the method ${name}`, method)
}
