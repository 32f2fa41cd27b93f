/** What the errors of handlers come to: a status for the client, and a word to whoever runs the server. */
import { Interrupted, type SocketAddress } from '@shrapnel/core'
import { type Coroutine, currentScope, reportFailure } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { HttpRequest, HttpResponse } from '../message.js'
import { reasonOf } from '../wire/status.js'
import type { ConnectionSettings } from './options.js'

/** Tells of an error that the client must not see. */
export function reportError(
  error: unknown,
  /** Or no more than its name. */
  asked: HttpRequest | string,
  coroutine: Coroutine,
  { onError }: ConnectionSettings,
): void {
  if (onError === undefined || typeof asked === 'string') {
    reportFailure(error, coroutine, `failed at ${nameOf(asked)}`)
    return
  }
  try {
    onError(error, asked)
  } catch (second) {
    reportFailure(second, coroutine, 'failed in onError')
  }
}

export function nameOf(asked: HttpRequest | string): string {
  return typeof asked === 'string' ? asked : `${asked.method} ${asked.path}`
}

/** An error's own words may say more than a client should know; but for those about what the client did. */
export function answerTo(error: unknown): HttpResponse & { readonly status: number } {
  const status = statusOf(error)
  const text = status < 500 ? (error as HttpError).message : reasonOf(status)
  return { status, body: `${text}\n` }
}

/** An error with a phase is that of a request which the handler made itself: its status is what another server said. */
function statusOf(error: unknown): number {
  return error instanceof HttpError && error.phase === undefined ? (error.status ?? 500) : 500
}

/** What a handler fails with when its client goes away: its waits are interrupted, and the body that it reads is cut. */
export function isOfLeaving(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof HttpError && error.code === 'HTTP_CUT')
}

/** Tells of a request that no handler saw, or of a connection that none will. */
export function tellRefused(
  error: HttpError,
  peer: SocketAddress | undefined,
  { onRefused }: ConnectionSettings,
): void {
  try {
    onRefused?.(error, peer)
  } catch (second) {
    reportFailure(second, currentScope().coroutine, 'failed in onRefused')
  }
}
