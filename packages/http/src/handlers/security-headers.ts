/** The fields that tell browsers to be careful with what this server answers. */
import { checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { HttpHeaders } from '../headers.js'
import type { Middleware } from '../message.js'
import { withMissingHeaders } from './with-headers.js'

export interface SecurityHeadersOptions {
  /**
   * Content-Security-Policy; false: none. `default-src 'self'; base-uri 'self'; frame-ancestors 'self';
   * object-src 'none'` unless given.
   */
  readonly contentSecurityPolicy?: string | false
  /** Strict-Transport-Security, over TLS; false: none. `max-age=15552000` unless given. */
  readonly strictTransportSecurity?: string | false
  /** Referrer-Policy; false: none. `strict-origin-when-cross-origin` unless given. */
  readonly referrerPolicy?: string | false
  /** Cross-Origin-Opener-Policy; false: none. `same-origin` unless given. */
  readonly crossOriginOpenerPolicy?: string | false
}

const USUAL = {
  contentSecurityPolicy: "default-src 'self'; base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
  strictTransportSecurity: 'max-age=15552000',
  referrerPolicy: 'strict-origin-when-cross-origin',
  crossOriginOpenerPolicy: 'same-origin',
}
const NAMES = {
  contentSecurityPolicy: 'Content-Security-Policy',
  strictTransportSecurity: 'Strict-Transport-Security',
  referrerPolicy: 'Referrer-Policy',
  crossOriginOpenerPolicy: 'Cross-Origin-Opener-Policy',
}
type Name = keyof typeof NAMES
const OPTIONS = new Set(Object.keys(NAMES))

/**
 * Middleware that adds those fields, and `X-Content-Type-Options: nosniff`, where the answer has none of that
 * name.
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Middleware {
  checkOptionNames(options, OPTIONS)
  const always: [string, string][] = [['X-Content-Type-Options', 'nosniff']]
  for (const name of Object.keys(NAMES) as Name[]) {
    const value = options[name] ?? USUAL[name]
    if (value === false) continue
    if (typeof value !== 'string') throw wrongType(name, 'text or false', value)
    always.push([NAMES[name], value])
  }
  const overTls = new HttpHeaders(always)
  const plain = new HttpHeaders(always.filter(([name]) => name !== NAMES.strictTransportSecurity))
  return async (request, next) =>
    withMissingHeaders(await next(request), request.tls === undefined ? plain : overTls)
}
