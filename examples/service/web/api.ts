/** What programs may ask of the board, twice: as JSON over HTTP, and as JSON-RPC 2.0. */
import type { Awaitable } from '@shrapnel/core'
import {
  type Handler,
  HttpError,
  type HttpRequest,
  invalidParams,
  JsonRpcError,
  json,
  jsonRpc,
  type Middleware,
  type Router,
  rateLimit,
  router,
} from '@shrapnel/http'
import { type Board, PAGE_LENGTH } from '../board.js'
import { Failure, invalid, notFound } from '../failure.js'
import type { Link } from '../link.js'
import type { LivePages } from './live.js'

const MAX_BODY_BYTES = 16 * 1024
const MOST_LINKS = 100
/** Of posts, for each address. */
const POSTS = { perSecond: 5, burst: 50 }
/** For what is nobody's mistake (JSON-RPC 2.0, 5.1). */
const SERVER_ERROR = -32_000

export function api(board: Board, pages: LivePages): Router {
  return router()
    .use(failuresAsJson)
    .get('/api/links', async ({ query }) => json(await find(board, new URLSearchParams(query))))
    .get('/api/links/:id', async ({ params }) => json(await board.get(numberOf(params.id))))
    .post('/api/links', rateLimit(POSTS), async (request) => {
      const { link, isNew } = await board.post(await readJson(request))
      return json(link, { status: isNew ? 201 : 200, headers: { Location: `/api/links/${link.id}` } })
    })
    .get('/api/status', () => json(pages.status))
    .post('/rpc', rateLimit(POSTS), rpc(board, pages))
}

function rpc(board: Board, pages: LivePages): Handler {
  const methods: Record<string, RpcMethod> = {
    'links.find': (params?: Fields) => find(board, new Map(Object.entries(params ?? {}))),
    'links.get': (params?: Fields) => board.get(numberOf(params?.id)),
    'links.post': async (params?: Fields): Promise<Link> => (await board.post(params ?? {})).link,
    status: () => pages.status,
  }
  return jsonRpc(
    Object.fromEntries(Object.entries(methods).map(([name, fn]) => [name, failuresAsErrors(fn)])),
  )
}

type Fields = Readonly<Record<string, unknown>>
type RpcMethod = (params?: Fields) => Awaitable<unknown>

async function find(board: Board, fields: { get(name: string): unknown }): Promise<object> {
  const [query, before, limit] = ['q', 'before', 'limit'].map((name) => fields.get(name) ?? undefined)
  if (query !== undefined && typeof query !== 'string') throw invalid('q is text.')
  return board.find({
    ...(query === undefined ? {} : { query: query.slice(0, 200) }),
    ...(before === undefined ? {} : { before: numberOf(before) }),
    limit: Math.min(limit === undefined ? PAGE_LENGTH : numberOf(limit), MOST_LINKS),
  })
}

/** Numbers of links are those of PostgreSQL's `integer`. */
function numberOf(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) throw invalid('A number is expected.')
  if (number < 1 || number > 2 ** 31 - 1) throw notFound('There is no such link.')
  return number
}

/** Only of this type, which no page of another site can send without asking first. */
async function readJson(request: HttpRequest): Promise<Fields> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\b/i.test(type)) throw new Failure('INVALID', 415, 'Send JSON.')
  const value = await request.body.json({ maxBytes: MAX_BODY_BYTES })
  if (typeof value !== 'object' || value === null) throw invalid('An object is expected.')
  return value as Fields
}

const failuresAsJson: Middleware = async (request, next) => {
  try {
    return await next(request)
  } catch (error) {
    if (error instanceof HttpError && error.status !== undefined && error.status < 500)
      return json({ error: { code: 'INVALID', message: error.message } }, { status: error.status })
    if (!(error instanceof Failure)) throw error
    const { code, message, status } = error
    const headers: Record<string, string> = status === 503 ? { 'Retry-After': '2' } : {}
    return json({ error: { code, message } }, { status, headers })
  }
}

function failuresAsErrors(method: RpcMethod): RpcMethod {
  return async (params) => {
    try {
      return await method(params)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { code, message, status } = error
      if (status < 500) throw invalidParams(message, { code })
      throw new JsonRpcError(SERVER_ERROR, message, { code })
    }
  }
}
