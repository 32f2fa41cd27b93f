/** What `router` may be told. */
import { checkFunction, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { Handler } from '../message.js'
import { invalidValue } from './invalid-value.js'
import { notFound } from './responses.js'

export interface RouterOptions {
  /** False: `/Users` is `/users`. Parameters keep their letters. True unless given. */
  readonly caseSensitive?: boolean
  /**
   * A path that leads nowhere, and would with a slash at its end or without the one it has: `strict`, that is
   * 404; `ignore`, it is taken for the other; `redirect`, the client is sent there (308). `strict` unless
   * given.
   */
  readonly trailingSlash?: 'strict' | 'ignore' | 'redirect'
  /** Answers where no route is. 404 with a line of text unless given. */
  readonly notFound?: Handler
}

export interface RouterSettings {
  readonly isCaseSensitive: boolean
  readonly trailingSlash: 'strict' | 'ignore' | 'redirect'
  readonly notFound: Handler
}

const OPTIONS = new Set(['caseSensitive', 'trailingSlash', 'notFound'])

export function routerSettings(options: RouterOptions): RouterSettings {
  checkOptionNames(options, OPTIONS)
  const { caseSensitive = true, trailingSlash = 'strict', notFound: handler = () => notFound() } = options
  if (typeof caseSensitive !== 'boolean') throw wrongType('caseSensitive', 'true or false', caseSensitive)
  if (!['strict', 'ignore', 'redirect'].includes(trailingSlash))
    throw invalidValue('trailingSlash', 'is none of strict, ignore and redirect', trailingSlash)
  checkFunction('notFound', handler)
  return { isCaseSensitive: caseSensitive, trailingSlash, notFound: handler }
}
