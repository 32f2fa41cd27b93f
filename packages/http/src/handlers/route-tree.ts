/**
 * The routes of a router and of all that are mounted in it, as one tree with a level for each segment. What
 * is static is tried before a parameter, and that before a wildcard, from left to right; a place that does
 * not have the method is passed over while another has it.
 *
 * A search visits no node twice, so that it costs no more than there are routes, whatever the path is.
 */
import type { Handler } from '../message.js'
import { decodeSegment, PARAMETER, type Segment, STATIC } from './route-pattern.js'

export interface Route {
  /** A method, or `*` for all that have none of their own. */
  readonly method: string
  readonly names: readonly string[]
  readonly run: Handler
  /** Around what the router answers by itself where this route is: 405, OPTIONS. */
  readonly wrap: (handler: Handler) => Handler
}

/** What a path led to. */
export interface Found {
  readonly route: Route
  /** Of parameters and wildcard, decoded, as many as the route has names. */
  readonly values: readonly string[]
}

const NO_VALUES: readonly string[] = []
const PERCENT_OR_SLASH = /[%/]/

/** Where routes of one shape are. */
class Place {
  readonly #routes = new Map<string, Route>()
  first: Route | undefined

  /** False: there is one of that method. */
  add(route: Route): boolean {
    if (this.#routes.has(route.method)) return false
    this.first ??= route
    this.#routes.set(route.method, route)
    return true
  }

  find(method: string): Route | undefined {
    return (
      this.#routes.get(method) ??
      (method === 'HEAD' ? this.#routes.get('GET') : undefined) ??
      this.#routes.get('*')
    )
  }

  get methods(): Iterable<string> {
    return this.#routes.keys()
  }
}

class Node {
  statics: Map<string, Node> | null = null
  parameter: Node | null = null
  place: Place | null = null
  /** Of a wildcard whose first segment is the next one. */
  wildcard: Place | null = null
}

export class RouteTree {
  readonly #root = new Node()
  /** Places that have no parameter, by their path. */
  readonly #exact = new Map<string, Place>()
  readonly #isCaseSensitive: boolean

  constructor(isCaseSensitive: boolean) {
    this.#isCaseSensitive = isCaseSensitive
  }

  /** False: there is a route of that shape and method. */
  add(segments: readonly Segment[], route: Route): boolean {
    let node = this.#root
    for (const { kind, text } of segments) {
      if (kind === STATIC) node = this.#staticNode(node, text)
      else if (kind === PARAMETER) {
        node.parameter ??= new Node()
        node = node.parameter
      } else {
        node.wildcard ??= new Place()
        return node.wildcard.add(route)
      }
    }
    node.place ??= new Place()
    const { place } = node
    const isExact = segments.every(({ kind, text }) => kind === STATIC && !PERCENT_OR_SLASH.test(text))
    if (isExact) this.#exact.set(`/${segments.map(({ text }) => this.#key(text)).join('/')}`, place)
    return place.add(route)
  }

  #staticNode(node: Node, text: string): Node {
    node.statics ??= new Map()
    const key = this.#key(text)
    const next = node.statics.get(key) ?? new Node()
    node.statics.set(key, next)
    return next
  }

  #key(text: string): string {
    return this.#isCaseSensitive ? text : text.toLowerCase()
  }

  /** The route for `method` at `path`, whose percent signs are well. */
  find(method: string, path: string): Found | undefined {
    const place = this.#exact.get(this.#isCaseSensitive ? path : path.toLowerCase())
    const route = place?.find(method)
    if (route !== undefined) return { route, values: NO_VALUES }
    const values: string[] = []
    const found = this.#search(this.#root, path, 1, values, (at) => at.find(method))
    return found === undefined ? undefined : { route: found, values }
  }

  /** Every place that `path` leads to, the best first. */
  places(path: string): { readonly methods: Set<string>; readonly first: Route | undefined } {
    const methods = new Set<string>()
    let first: Route | undefined
    this.#search(this.#root, path, 1, [], (place) => {
      first ??= place.first
      for (const method of place.methods) methods.add(method)
      return undefined
    })
    return { methods, first }
  }

  #search(
    node: Node,
    path: string,
    from: number,
    values: string[],
    pick: (place: Place) => Route | undefined,
  ): Route | undefined {
    if (from > path.length) return node.place === null ? undefined : pick(node.place)
    const slash = path.indexOf('/', from)
    const to = slash < 0 ? path.length : slash
    const text = decodeSegment(path.slice(from, to)) ?? ''
    const next = node.statics?.get(this.#key(text))
    if (next !== undefined) {
      const route = this.#search(next, path, to + 1, values, pick)
      if (route !== undefined) return route
    }
    if (node.parameter !== null && to > from) {
      values.push(text)
      const route = this.#search(node.parameter, path, to + 1, values, pick)
      if (route !== undefined) return route
      values.pop()
    }
    if (node.wildcard === null) return undefined
    const route = pick(node.wildcard)
    if (route !== undefined) values.push(decodeSegment(path.slice(from)) ?? '')
    return route
  }
}
