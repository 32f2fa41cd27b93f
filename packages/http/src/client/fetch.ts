/** What `fetch` is told, in our own words. */
import { checkOptionNames, checkOptions, outOfRange } from '@shrapnel/core/parts'
import type { HeadersInit } from '../headers.js'
import type { RequestBody, RequestOptions } from './options.js'

export type RedirectMode = 'follow' | 'manual' | 'error'

/** As the standard has it, as far as it means anything outside of a browser. */
export interface FetchInit {
  /** GET unless given. */
  readonly method?: string
  readonly headers?: HeadersInit
  readonly body?: RequestBody
  readonly redirect?: RedirectMode
  readonly signal?: AbortSignal | null
}

const NAMES = new Set(['method', 'headers', 'body', 'redirect', 'signal', 'duplex'])
/** Those that the standard writes in capitals, however they are given. */
const NORMALIZED = /^(?:delete|get|head|options|post|put)$/i
/** As the standard has it. */
const FETCH_REDIRECTS = 20

export function fetchOptions(init: FetchInit): {
  readonly method: string
  readonly mode: RedirectMode
  readonly options: RequestOptions
} {
  checkOptions(init)
  checkOptionNames(init, NAMES)
  const { method = 'GET', headers, body, redirect = 'follow', signal } = init
  if (redirect !== 'follow' && redirect !== 'manual' && redirect !== 'error')
    throw outOfRange('redirect', 'follow, manual or error', redirect)
  return {
    method: NORMALIZED.test(method) ? method.toUpperCase() : method,
    mode: redirect,
    options: {
      maxRedirects: redirect === 'follow' ? FETCH_REDIRECTS : 0,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(signal == null ? {} : { signal }),
    },
  }
}
