/** An id for each request, which its answer and its logs carry. */
import { randomBytes } from 'node:crypto'
import { checkFunction, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { HttpHeaders } from '../headers.js'
import type { HttpRequest, Middleware } from '../message.js'
import { withMissingHeaders } from './with-headers.js'

export interface RequestIdOptions {
  /** The field that carries it. `X-Request-Id` unless given. */
  readonly header?: string
  /**
   * Whether the id that a client sends is taken, if it is of up to 128 letters, digits, dots, underscores and
   * hyphens: for behind a proxy. False unless given.
   */
  readonly trustClient?: boolean
  /** Makes one. 22 random letters unless given. */
  readonly make?: () => string
}

const OPTIONS = new Set(['header', 'trustClient', 'make'])
const GOOD_ID = /^[A-Za-z0-9._-]{1,128}$/
const ID_BYTES = 16
/** Random bytes are cheap by the page, and dear by the dozen. */
const POOL_BYTES = 4_096

let pool = Buffer.alloc(0)
let poolAt = 0
const ids = new WeakMap<HttpRequest, string>()

/** The id that `requestId` gave to a request; undefined: it has none. */
export function requestIdOf(request: HttpRequest): string | undefined {
  return ids.get(request)
}

/** Middleware that gives each request an id and puts it on the answer. */
export function requestId(options: RequestIdOptions = {}): Middleware {
  checkOptionNames(options, OPTIONS)
  const { header = 'X-Request-Id', trustClient = false, make = randomId } = options
  if (typeof trustClient !== 'boolean') throw wrongType('trustClient', 'true or false', trustClient)
  checkFunction('make', make)
  new HttpHeaders([[header, '']])
  return async (request, next) => {
    const given = trustClient ? request.headers.get(header) : undefined
    const id = given !== undefined && GOOD_ID.test(given) ? given : make()
    ids.set(request, id)
    return withMissingHeaders(await next(request), [[header, id]])
  }
}

function randomId(): string {
  if (poolAt + ID_BYTES > pool.length) {
    pool = randomBytes(POOL_BYTES)
    poolAt = 0
  }
  poolAt += ID_BYTES
  return pool.toString('base64url', poolAt - ID_BYTES, poolAt)
}
