/**
 * What each server of `http-json` does: 20 routes, of which one is asked for, 10 fields of the request read,
 * and an answer of 1 KB that is made for each.
 */

/** As most programs have them: some static, some with parameters. The servers give all of them a handler. */
export const ROUTES = [
  '/',
  '/health',
  '/login',
  '/logout',
  '/users',
  '/users/me',
  '/users/:user',
  '/users/:user/settings',
  '/users/:user/orders',
  '/users/:user/orders/:order',
  '/users/:user/orders/:order/items',
  '/users/:user/orders/:order/items/:item',
  '/products',
  '/products/search',
  '/products/:product',
  '/products/:product/reviews',
  '/products/:product/reviews/:review',
  '/categories',
  '/categories/:category',
  '/categories/:category/products',
] as const

export const ASKED_ROUTE = '/users/:user/orders/:order'
export const ASKED_TARGET = '/users/4711/orders/1234?full=1'

/** Sent with each request beside Host, and read by the handler. */
export const FIELDS: Readonly<Record<string, string>> = {
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9',
  authorization: 'Bearer 0123456789abcdef0123456789abcdef',
  'cache-control': 'no-cache',
  cookie: 'session=0123456789abcdef; theme=dark',
  origin: 'https://shop.example',
  referer: 'https://shop.example/users/4711/orders',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0',
  'x-request-id': '7f8a1c1e-0d6b-4f5e-9f3a-2f1f4f0a9b11',
}
export const FIELD_NAMES = Object.keys(FIELDS)

interface Item {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly price: number
  readonly quantity: number
  readonly inStock: boolean
}

export interface Order {
  readonly user: string
  readonly order: string
  /** Of all that was read of the request, so that reading it cannot be left out. */
  readonly readLength: number
  readonly currency: string
  readonly items: readonly Item[]
}

const ITEMS: readonly Item[] = Array.from({ length: 6 }, (_, i) => ({
  id: 100_200 + i,
  name: `A thing of the kind ${i}`,
  description: 'It does what things of its kind do, and comes with a cable.',
  price: (999 + 1_000 * i) / 100,
  quantity: 1 + i,
  inStock: i % 3 !== 0,
}))

export function orderOf(user: string, order: string, readLength: number): Order {
  return { user, order, readLength, currency: 'EUR', items: ITEMS }
}

/** Of an Order, for who makes its text by one. */
export const ORDER_SCHEMA = {
  type: 'object',
  properties: {
    user: { type: 'string' },
    order: { type: 'string' },
    readLength: { type: 'integer' },
    currency: { type: 'string' },
    items: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          name: { type: 'string' },
          description: { type: 'string' },
          price: { type: 'number' },
          quantity: { type: 'integer' },
          inStock: { type: 'boolean' },
        },
      },
    },
  },
} as const
