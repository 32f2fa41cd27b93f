/**
 * Cross-origin requests (Fetch, 3.2): which pages of other sites may read what this server answers. Without
 * it none may.
 */
import { checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { HttpHeaders } from '../headers.js'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { invalidValue } from './invalid-value.js'
import { withHeaders, withVary } from './with-headers.js'

export interface CorsOptions {
  /**
   * Origins such as `https://example.com`, each as it is; `*` for all, which goes with no credentials; or a
   * function that says.
   */
  readonly origins: '*' | readonly string[] | ((origin: string) => boolean)
  /** `['GET', 'HEAD', 'POST']` unless given. */
  readonly methods?: readonly string[]
  /** Fields that requests may have beside the simple ones. None unless given. */
  readonly allowHeaders?: readonly string[]
  /** Fields of answers that pages may read beside the simple ones. None unless given. */
  readonly exposeHeaders?: readonly string[]
  /** Whether requests come with cookies. False unless given. */
  readonly credentials?: boolean
  /** How long browsers remember a preflight, in seconds. 600 unless given. */
  readonly maxAgeSeconds?: number
}

const OPTIONS = new Set([
  'origins', 'methods', 'allowHeaders', 'exposeHeaders', 'credentials', 'maxAgeSeconds',
]) // biome-ignore format: a table
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/

/**
 * Middleware that answers preflights, and says on other answers who may read them. A request of another
 * origin is not refused: its page does not get to see the answer.
 */
export function cors(options: CorsOptions): Middleware {
  checkOptionNames(options, OPTIONS)
  const { origins, credentials = false, methods = ['GET', 'HEAD', 'POST'] } = options
  if (typeof credentials !== 'boolean') throw wrongType('credentials', 'true or false', credentials)
  if (origins === '*' && credentials) throw invalidValue('origins', 'is * and credentials is true', origins)
  const isAllowed = matcher(origins)
  const maxAge = checkInteger('maxAgeSeconds', options.maxAgeSeconds ?? 600, 0, 86_400)
  const exposed = list('exposeHeaders', options.exposeHeaders ?? [])
  const preflight = fields({
    'Access-Control-Allow-Methods': list('methods', methods),
    'Access-Control-Allow-Headers': list('allowHeaders', options.allowHeaders ?? []),
    'Access-Control-Max-Age': String(maxAge),
  })
  const common = (origin: string): [string, string][] => [
    ['Access-Control-Allow-Origin', origins === '*' ? '*' : origin],
    ...fields({ 'Access-Control-Allow-Credentials': credentials ? 'true' : '' }),
  ]
  return async (request, next) => {
    const origin = request.headers.get('origin')
    const isGood = origin !== undefined && isAllowed(origin)
    if (isPreflight(request)) {
      const answer: HttpResponse = { status: 204, headers: isGood ? [...common(origin), ...preflight] : {} }
      return withVary(answer, 'Origin')
    }
    const response = await next(request)
    const own = isGood
      ? withHeaders(response, [...common(origin), ...fields({ 'Access-Control-Expose-Headers': exposed })])
      : response
    // What a cache keeps for one origin must not be given to another.
    return origins === '*' ? own : withVary(own, 'Origin')
  }
}

function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

function matcher(origins: CorsOptions['origins']): (origin: string) => boolean {
  if (origins === '*') return () => true
  if (typeof origins === 'function') return (origin) => origins(origin) === true
  if (!Array.isArray(origins)) throw wrongType('origins', '*, an array of origins or a function', origins)
  for (const origin of origins as readonly unknown[])
    if (typeof origin !== 'string' || !ORIGIN.test(origin))
      throw invalidValue('origins', 'has one that is none', origin)
  const known = new Set(origins as readonly string[])
  return (origin) => known.has(origin)
}

function list(name: string, values: readonly string[]): string {
  if (!Array.isArray(values)) throw wrongType(name, 'an array of names', values)
  new HttpHeaders(values.map((value: string): [string, string] => [value, '']))
  return values.join(', ')
}

/** Those that have a value. */
function fields(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).filter(([, value]) => value !== '')
}
