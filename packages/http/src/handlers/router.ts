/**
 * Routers: which handler answers which path and method. A router is a handler itself, for `serve` or for
 * another router. Routes are put into a tree when the first request comes after a change, so that a request
 * finds its way without looking at each.
 */
import type { Awaitable } from '@shrapnel/core'
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import type { Handler, HttpRequest, HttpResponse, Middleware } from '../message.js'
import { CLASS, IS_TOKEN } from '../wire/characters.js'
import { compose } from './compose.js'
import { invalidValue } from './invalid-value.js'
import { checkNames, parsePattern, type Segment, STATIC, WILDCARD } from './route-pattern.js'
import { type Mount, RouteTable } from './route-table.js'
import { RouteTree } from './route-tree.js'
import { type RouterOptions, type RouterSettings, routerSettings } from './router-options.js'

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

interface OwnRoute {
  readonly method: string
  readonly path: string
  readonly segments: readonly Segment[]
  readonly around: readonly Middleware[]
  readonly handler: Handler
}

interface Mounted {
  readonly segments: readonly Segment[]
  readonly around: readonly Middleware[]
  readonly routes: Routes
}

/** Which routes a router function has. */
const routesOf = new WeakMap<object, Routes>()

class Routes {
  readonly #settings: RouterSettings
  readonly #around: Middleware[] = []
  readonly #own: OwnRoute[] = []
  readonly #mounted: Mounted[] = []
  readonly #mountedIn = new Set<Routes>()
  #table: RouteTable | null = null

  constructor(settings: RouterSettings) {
    this.#settings = settings
  }

  get table(): RouteTable {
    this.#table ??= this.#build()
    return this.#table
  }

  add(method: string, path: string, chain: readonly unknown[]): void {
    const segments = parsePattern(path)
    for (const fn of chain) checkFunction('each handler and middleware', fn)
    const handler = chain.at(-1) as Handler | undefined
    checkFunction('handler', handler)
    const around = chain.slice(0, -1) as Middleware[]
    this.#keep(this.#own, { method, path, segments, around, handler: handler as Handler })
  }

  surround(around: readonly unknown[]): void {
    for (const middleware of around) checkFunction('each of the middlewares', middleware)
    this.#around.push(...(around as Middleware[]))
    this.#changed()
  }

  mount(prefix: string, rest: readonly unknown[]): void {
    const routes = routesOf.get(rest.at(-1) as object)
    if (routes === undefined) throw wrongType('router', 'a router', rest.at(-1))
    const around = rest.slice(0, -1) as Middleware[]
    for (const middleware of around) checkFunction('each of the middlewares', middleware)
    if (routes.#reaches(this)) throw invalidValue('router', 'has this one mounted in it', prefix)
    const segments = parsePattern(prefix)
    if (segments.some(({ kind }) => kind === WILDCARD)) throw invalidValue('prefix', 'has a wildcard', prefix)
    const isSlashed = segments.at(-1)?.kind === STATIC && segments.at(-1)?.text === ''
    routes.#mountedIn.add(this)
    this.#keep(this.#mounted, { segments: isSlashed ? segments.slice(0, -1) : segments, around, routes })
  }

  #reaches(other: Routes): boolean {
    return this === other || this.#mounted.some(({ routes }) => routes.#reaches(other))
  }

  /** Adds it, unless it does not go together with what is there. */
  #keep<T>(list: T[], one: T): void {
    list.push(one)
    try {
      this.#changed()
    } catch (error) {
      list.pop()
      this.#changed()
      throw error
    }
  }

  /** What this is mounted in is tried at once: the mistake is in the line that runs. */
  #changed(): void {
    this.#table = null
    if (this.#mounted.length > 0 || this.#mountedIn.size === 0) this.#table = this.#build()
    for (const outer of this.#mountedIn) outer.#changed()
  }

  #build(): RouteTable {
    const tree = new RouteTree(this.#settings.isCaseSensitive)
    const mounts: Mount[] = []
    this.#collect({ segments: [], around: [] }, tree, mounts)
    return new RouteTable(this.#settings, tree, mounts)
  }

  #collect(at: Mount, tree: RouteTree, mounts: Mount[]): void {
    const around = [...at.around, ...this.#around]
    mounts.push({ segments: at.segments, around })
    const wrap = (handler: Handler): Handler => compose(around, handler)
    for (const { method, path, segments, around: inner, handler } of this.#own) {
      const all = joined(at.segments, segments)
      checkNames(all, path)
      const names = all.filter(({ kind }) => kind !== STATIC).map(({ text }) => text)
      const run = compose([...around, ...inner], handler)
      if (!tree.add(all, { method, names, run, wrap }))
        throw invalidValue('path', `has a route for ${method === '*' ? 'all methods' : method} already`, path)
    }
    for (const { segments, around: inner, routes } of this.#mounted)
      routes.#collect(
        { segments: [...at.segments, ...segments], around: [...around, ...inner] },
        tree,
        mounts,
      )
  }
}

/** The `/` of a mounted router is where it is mounted. */
function joined(prefix: readonly Segment[], segments: readonly Segment[]): readonly Segment[] {
  const isRoot = segments.length === 1 && segments[0]?.kind === STATIC && segments[0].text === ''
  return isRoot && prefix.length > 0 ? prefix : [...prefix, ...segments]
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
