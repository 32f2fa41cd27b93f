/** The routes of one router and of those mounted in it, and the table that they make together. */
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import type { Handler, Middleware } from '../message.js'
import { compose } from './compose.js'
import { invalidValue } from './invalid-value.js'
import { checkNames, parsePattern, type Segment, STATIC, WILDCARD } from './route-pattern.js'
import { type Mount, RouteTable } from './route-table.js'
import { RouteTree } from './route-tree.js'
import type { RouterSettings } from './router-options.js'

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
export const routesOf = new WeakMap<object, Routes>()

export class Routes {
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
