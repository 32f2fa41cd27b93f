/** What programs may ask of the board, twice: as JSON over HTTP, and as JSON-RPC 2.0. */
import type { Awaitable } from '@shrapnel/core'
import {
  type Handler,
  HttpError,
  type HttpRequest,
  invalidParams,
  type JsonRpcContext,
  JsonRpcError,
  json,
  jsonRpc,
  type Middleware,
  noContent,
  type Router,
  rateLimit,
  router,
} from '@shrapnel/http'
import { type Board, PAGE_LENGTH } from '../board.js'
import { Failure, type FailureCode, invalid, notFound, tooMany } from '../failure.js'
import type { LivePages } from './live.js'

const MAX_BODY_BYTES = 16 * 1024
const MOST_LINKS = 100
/** Of PostgreSQL's `integer`. */
const LAST_ID = 2 ** 31 - 1
/** Of posts, for each address. */
const POSTS = { perSecond: 5, burst: 50 }
/** In seconds. */
const RETRY_AFTER = new Map<FailureCode, string>([
  ['TOO_MANY', '1'],
  ['DATABASE_AWAY', '2'],
])
/** For what is right and cannot be done now (JSON-RPC 2.0, 5.1). */
const SERVER_ERROR = -32_000

export function api(board: Board, pages: LivePages): Router {
  const checkRate = postRate()
  return router()
    .use(failuresAsJson)
    .get('/api/links', async ({ query }) => json(await find(board, new URLSearchParams(query))))
    .get('/api/links/:id', async ({ params }) => json(await board.get(idOf(params.id))))
    .post('/api/links', async (request) => {
      await checkRate(request)
      const { link, isNew } = await board.post(await readJson(request))
      return json(link, { status: isNew ? 201 : 200, headers: { Location: `/api/links/${link.id}` } })
    })
    .get('/api/status', () => json(pages.status))
    .post('/rpc', rpc(board, pages, checkRate))
}

/** Throws where an address posts too often, in whichever way. */
function postRate(): (request: HttpRequest) => Promise<void> {
  const limit = rateLimit(POSTS)
  return async (request) => {
    if ((await limit(request, () => noContent())).status === 429) throw tooMany()
  }
}

function rpc(board: Board, pages: LivePages, checkRate: (request: HttpRequest) => Promise<void>): Handler {
  const methods: Record<string, RpcMethod> = {
    'links.find': (params) => find(board, new Map(Object.entries(params ?? {}))),
    'links.get': (params) => board.get(idOf(params?.id)),
    'links.post': async (params, { request }) => {
      await checkRate(request as HttpRequest)
      return (await board.post(params ?? {})).link
    },
    status: () => pages.status,
  }
  return jsonRpc(
    Object.fromEntries(Object.entries(methods).map(([name, fn]) => [name, failuresAsErrors(fn)])),
  )
}

type Fields = Readonly<Record<string, unknown>>
type RpcMethod = (params: Fields | undefined, context: JsonRpcContext) => Awaitable<unknown>

async function find(board: Board, fields: { get(name: string): unknown }): Promise<object> {
  const [query, before, limit] = ['q', 'before', 'limit'].map((name) => fields.get(name) ?? undefined)
  if (query !== undefined && typeof query !== 'string') throw invalid('q is text.')
  return board.find({
    ...(query === undefined ? {} : { query: query.slice(0, 200) }),
    ...(before === undefined ? {} : { before: Math.min(integerOf(before), LAST_ID) }),
    limit: Math.min(limit === undefined ? PAGE_LENGTH : integerOf(limit), MOST_LINKS),
  })
}

function idOf(value: unknown): number {
  const id = integerOf(value)
  if (id > LAST_ID) throw notFound('There is no such link.')
  return id
}

function integerOf(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1)
    throw invalid('A number is expected, of 1 or more.')
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
    const seconds = RETRY_AFTER.get(code)
    const headers: Record<string, string> = seconds === undefined ? {} : { 'Retry-After': seconds }
    return json({ error: { code, message } }, { status, headers })
  }
}

function failuresAsErrors(method: RpcMethod): RpcMethod {
  return async (params, context) => {
    try {
      return await method(params, context)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { code, message, status } = error
      if (status === 404 || status === 422) throw invalidParams(message, { code })
      throw new JsonRpcError(SERVER_ERROR, message, { code })
    }
  }
}
