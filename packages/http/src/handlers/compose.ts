/** Middleware around a handler: the first is outermost. */
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import type { Handler, Middleware } from '../message.js'

/**
 * One handler of `middlewares` around `handler`. It is put together here and not for each request, and adds
 * no promise: where all of them answer at once, so does it. A middleware may call `next` with another
 * request, again, or not at all.
 */
export function compose(middlewares: readonly Middleware[], handler: Handler): Handler {
  if (!Array.isArray(middlewares)) throw wrongType('middlewares', 'an array of functions', middlewares)
  checkFunction('handler', handler)
  let next = handler
  for (const middleware of [...(middlewares as readonly Middleware[])].reverse()) {
    checkFunction('each of middlewares', middleware)
    const inner = next
    next = (request) => middleware(request, inner)
  }
  return next
}
