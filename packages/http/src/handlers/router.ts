/**
 * Routers: which handler answers which path and method. A router is a handler itself, for `serve` or for
 * another router. Routes are put into a tree when the first request comes after a change, so that a request
 * finds its way without looking at each.
 */
import type { Awaitable } from '@shrapnel/core'
import { wrongType } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { CLASS, IS_TOKEN } from '../wire/characters.js'
import { invalidValue } from './invalid-value.js'
import { type RouterOptions, routerSettings } from './router-options.js'
import { Routes, routesOf } from './routes.js'

type Names<Path extends string> = Path extends `${infer First}/${infer Rest}`
  ? NameOf<First> | Names<Rest>
  : NameOf<Path>
type NameOf<Part extends string> = Part extends `:${infer Name}`
  ? Name
  : Part extends '*'
    ? 'rest'
    : Part extends `*${infer Name}`
      ? Name
      : never

/** What `params` has for a path that is written out: `{ id: string }` of `/users/:id`. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in Names<Path>]: string }

/** A handler that knows which parameters there are. */
export type RouteHandler<Path extends string> = (
  request: HttpRequest & { readonly params: PathParams<Path> },
) => Awaitable<HttpResponse>

/** Middleware of this route alone, the first outermost, and the handler. */
type Chain<Path extends string> = [...around: Middleware[], handler: RouteHandler<Path>]

/**
 * Adds routes, and gives the router again. `path` is static text, `:name` for a segment that is not empty,
 * and `*name` (`*` for `rest`) at its end for all that follows, which may be empty. Throws
 * `ERR_INVALID_ARG_VALUE` for another path, and where there is such a route already.
 */
export interface Router {
  (request: HttpRequest): Awaitable<HttpResponse>
  /** Answers HEAD too, unless there is a route for that. */
  get<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  head<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  post<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  put<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  patch<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  delete<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  /** Without it OPTIONS is answered with 204 and the methods that there are. */
  options<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  /** Every method that has no route of its own there. */
  all<Path extends string>(path: Path, ...chain: Chain<Path>): Router
  /** Another method, as it is written: `PROPFIND`. */
  on<Path extends string>(method: string, path: Path, ...chain: Chain<Path>): Router
  /**
   * Puts middleware around every route of this router, whenever that is added, and around its 404 and 405.
   * The first is outermost. It sees `params`: the route is found before.
   */
  use(...around: Middleware[]): Router
  /**
   * Puts all routes of another router, whenever they are added, below `prefix`; its `/` is the prefix itself.
   * Its options are those of this one then.
   */
  use(prefix: string, ...rest: [...around: Middleware[], router: Router]): Router
}

function checkMethod(method: string): string {
  if (typeof method !== 'string') throw wrongType('method', 'text', method)
  const isToken =
    method !== '' && [...Buffer.from(method)].every((code) => ((CLASS[code] as number) & IS_TOKEN) !== 0)
  if (!isToken || method === '*') throw invalidValue('method', 'is no method', method)
  return method
}

/** A router without routes. */
export function router(options: RouterOptions = {}): Router {
  const routes = new Routes(routerSettings(options))
  const on =
    (method: string) =>
    (path: string, ...chain: unknown[]) => {
      routes.add(method, path, chain)
      return self
    }
  const self = Object.assign((request: HttpRequest) => routes.table.handle(request), {
    get: on('GET'),
    head: on('HEAD'),
    post: on('POST'),
    put: on('PUT'),
    patch: on('PATCH'),
    delete: on('DELETE'),
    options: on('OPTIONS'),
    all: on('*'),
    on: (method: string, path: string, ...chain: unknown[]) => on(checkMethod(method))(path, ...chain),
    use: (first: unknown, ...rest: unknown[]) => {
      if (typeof first === 'string') routes.mount(first, rest)
      else routes.surround([first, ...rest])
      return self
    },
  }) as Router
  routesOf.set(self, routes)
  return self
}
