/** All routes of a router, ready: finds the one for a request and answers by itself where there is none. */
import type { Awaitable } from '@shrapnel/core'
import type { Handler, HttpRequest, HttpResponse, Middleware } from '../message.js'
import { compose } from './compose.js'
import { badRequest, methodNotAllowed } from './responses.js'
import { decodeSegment, PARAMETER, type Segment, STATIC } from './route-pattern.js'
import type { RouteTree } from './route-tree.js'
import type { RouterSettings } from './router-options.js'

/** Where a router is mounted, and all that is around its routes. */
export interface Mount {
  readonly segments: readonly Segment[]
  readonly around: readonly Middleware[]
}

// V8 makes `Object.create(null)` a hash table; this has no prototype to find things in either, and stays quick.
class Params {
  [name: string]: string
}
Object.setPrototypeOf(Params.prototype, null)
Reflect.deleteProperty(Params.prototype, 'constructor')

const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const SLASH = 47
const BACKSLASH = 92

export class RouteTable {
  readonly tree: RouteTree
  readonly #settings: RouterSettings
  readonly #mounts: readonly Mount[]

  /** The first mount is that of the router itself. */
  constructor(settings: RouterSettings, tree: RouteTree, mounts: readonly Mount[]) {
    this.#settings = settings
    this.tree = tree
    this.#mounts = mounts
  }

  handle(request: HttpRequest): Awaitable<HttpResponse> {
    const { path, method } = request
    const isPlain = path.charCodeAt(0) === SLASH && !path.includes('%')
    const found = isPlain ? this.tree.find(method, path) : undefined
    if (found === undefined) return this.#handleOthers(request, path, method)
    const { route, values } = found
    if (values.length > 0) setParams(request, route.names, values)
    return route.run(request)
  }

  #handleOthers(request: HttpRequest, path: string, method: string): Awaitable<HttpResponse> {
    if (path.charCodeAt(0) !== SLASH) return this.#handleNoPath(request, path, method)
    if (decodeSegment(path) === undefined)
      return this.#outside('/', () => badRequest('the path has a percent sign that encodes nothing'))(request)
    const answer = this.#tryPath(request, path, method)
    if (answer !== undefined) return answer
    const other = toggled(path)
    const { trailingSlash } = this.#settings
    if (other !== undefined && trailingSlash === 'ignore') {
      const second = this.#tryPath(request, other, method)
      if (second !== undefined) return second
    }
    if (other !== undefined && trailingSlash === 'redirect' && this.tree.places(other).first !== undefined)
      return this.#outside(path, () => movedTo(other, request.query))(request)
    return this.#outside(path, this.#settings.notFound)(request)
  }

  /** Undefined: nothing is at `path`. */
  #tryPath(request: HttpRequest, path: string, method: string): Awaitable<HttpResponse> | undefined {
    const found = this.tree.find(method, path)
    if (found !== undefined) {
      setParams(request, found.route.names, found.values)
      return found.route.run(request)
    }
    const { methods, first } = this.tree.places(path)
    if (first === undefined) return undefined
    const allowed = allowedOf(methods)
    if (method === 'OPTIONS')
      return first.wrap(() => ({ status: 204, headers: { Allow: allowed.join(', ') } }))(request)
    return first.wrap(() => methodNotAllowed(allowed))(request)
  }

  /** `*` is the server as a whole (RFC 9110, 9.3.7); what CONNECT asks for is at no path. */
  #handleNoPath(request: HttpRequest, path: string, method: string): Awaitable<HttpResponse> {
    const isServer = path === '*' && method === 'OPTIONS'
    const allowed = { status: 204, headers: { Allow: ALL_METHODS.join(', ') } }
    return this.#outside('/', isServer ? () => allowed : this.#settings.notFound)(request)
  }

  /** `handler` in what is around the routes of the router that is mounted nearest to `path`. */
  #outside(path: string, handler: Handler): Handler {
    let nearest = this.#mounts[0] as Mount
    for (const mount of this.#mounts)
      if (mount.segments.length > nearest.segments.length && this.#isBelow(path, mount)) nearest = mount
    return compose(nearest.around, handler)
  }

  #isBelow(path: string, { segments }: Mount): boolean {
    const parts = path.slice(1).split('/', segments.length)
    if (parts.length < segments.length) return false
    return segments.every(({ kind, text }, i) => {
      const part = decodeSegment(parts[i] as string) ?? ''
      if (kind === PARAMETER) return part !== ''
      if (kind !== STATIC) return true
      return this.#settings.isCaseSensitive ? part === text : part.toLowerCase() === text.toLowerCase()
    })
  }
}

function setParams(request: HttpRequest, names: readonly string[], values: readonly string[]): void {
  if (names.length === 0) return
  const params = new Params()
  for (let i = 0; i < names.length; i++) params[names[i] as string] = values[i] as string
  ;(request as { params: Readonly<Params> }).params = params
}

function allowedOf(methods: ReadonlySet<string>): string[] {
  const allowed = new Set(methods)
  if (allowed.has('GET')) allowed.add('HEAD')
  allowed.add('OPTIONS')
  return [...allowed].sort()
}

/**
 * With a slash at the end, or without. Undefined: a redirect to it could lead to another host, or it is `/`.
 */
function toggled(path: string): string | undefined {
  const second = path.charCodeAt(1)
  if (path.length === 1 || second === SLASH || second === BACKSLASH) return undefined
  return path.endsWith('/') ? path.slice(0, -1) : `${path}/`
}

function movedTo(path: string, query: string): HttpResponse {
  return { status: 308, headers: { Location: query === '' ? path : `${path}?${query}` } }
}
