/** What the ends of streams and of promises look like. */
import { isDisconnect, type Stream } from '@shrapnel/core'

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  if (value instanceof Promise) return true
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Whether the connection is what failed, or was closed by somebody. */
export function isGone(error: unknown): boolean {
  const { code } = error as { readonly code?: string }
  return isDisconnect(error) || code === 'CLOSED' || code === 'BROKEN'
}

/** Ends it so that the peer takes nothing for whole. */
export function reset(stream: Stream & { reset?(): void }): void {
  if (stream.reset === undefined) stream.close()
  else stream.reset()
}
