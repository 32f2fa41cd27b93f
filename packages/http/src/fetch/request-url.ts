/** The URL of a request as text, as the platform would write it, mostly without its parser. */
import { HttpError } from '../errors.js'
import type { HttpRequest } from '../message.js'

/** Paths and queries that a parser leaves alone: no dots between slashes, nothing that it would escape. */
const PLAIN_TARGET = /^(?:\/(?!\.|%2[eE])[\w\-~!$&()*+,;=:@%.]*)+(?:\?[\w\-~!$&()*+,;=:@%.?/]*)?$/
const PLAIN_HOST = /^[a-z0-9._-]+(?::\d+)?$/

/** Most requests of a server are for one host. */
let lastHost = ''
let lastIsTls = false
let lastOrigin = ''

/** Throws `HTTP_SYNTAX` (status 400) for a Host that is no host. */
export function urlOf(request: HttpRequest): string {
  const { target } = request
  if (!PLAIN_TARGET.test(target)) return parsed(request)
  const host = request.headers.get('host') ?? ''
  const isTls = request.tls !== undefined
  if (host === lastHost && isTls === lastIsTls && lastOrigin !== '') return lastOrigin + target
  if (!PLAIN_HOST.test(host)) return parsed(request)
  const { origin } = new URL(parsed(request))
  lastHost = host
  lastIsTls = isTls
  lastOrigin = origin
  return origin + target
}

function parsed(request: HttpRequest): string {
  // A parser takes it for a slash, and whoever looked at the path before did not.
  const { path } = request
  if (path.includes('\\')) throw new HttpError('HTTP_SYNTAX', 'a backslash in the path', { status: 400 })
  try {
    return request.url.href
  } catch (cause) {
    throw new HttpError('HTTP_SYNTAX', 'the host or the target of the request is no part of a URL', {
      status: 400,
      cause,
    })
  }
}
