/**
 * Whose pages may open a WebSocket (RFC 6455, 10.2). The rules of browsers that keep one site's scripts from another's answers do not hold
 * for WebSockets: it is the server's to refuse.
 */
import { wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'

export type OriginRule =
  | 'same'
  | 'any'
  | readonly string[]
  | ((origin: string, request: HttpRequest) => boolean)

export function checkOriginRule(rule: unknown): OriginRule {
  const isList = Array.isArray(rule) && rule.every((origin) => typeof origin === 'string')
  if (rule === 'same' || rule === 'any' || isList || typeof rule === 'function') return rule as OriginRule
  throw wrongType('origins', "'same', 'any', an array of origins or a function", rule)
}

export function isOriginAllowed(request: HttpRequest, rule: OriginRule): boolean {
  const origins = request.headers.getAll('origin')
  const [origin] = origins
  if (origin === undefined || rule === 'any') return true
  if (origins.length > 1) return false
  if (typeof rule === 'function') return rule(origin, request)
  if (rule === 'same') return isSameHost(origin, request.headers.get('host'))
  return rule.some((allowed) => allowed.toLowerCase() === origin.toLowerCase())
}

/** The scheme is not compared: behind a proxy that speaks TLS the server's own is another than the page's. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  const here = `${page.protocol}//${host}`
  return page.host !== '' && URL.canParse(here) && new URL(here).host === page.host
}
