/** What a client likes best of what a handler has (RFC 9110, 12.5): say `Vary` with the field's name in the answer. */
import type { HttpRequest } from '../message.js'
import { negotiateEncoding, negotiateLanguage, negotiateType } from '../wire/negotiation.js'

/** Of media types such as `['application/json', 'text/html']`, the first of those that Accept likes best; undefined: none, which is 406. */
export function accepts<T extends string>(request: HttpRequest, types: readonly T[]): T | undefined {
  return negotiateType(request.headers.get('accept'), types) as T | undefined
}

/** Of content codings such as `['br', 'gzip']`; `identity`: send it as it is. */
export function acceptsEncodings<T extends string>(
  request: HttpRequest,
  encodings: readonly T[],
): T | 'identity' {
  return negotiateEncoding(request.headers.get('accept-encoding'), encodings) as T | 'identity'
}

/** Of languages such as `['en', 'de-CH']`, the first of those that Accept-Language likes best; undefined: none. */
export function acceptsLanguages<T extends string>(
  request: HttpRequest,
  languages: readonly T[],
): T | undefined {
  return negotiateLanguage(request.headers.get('accept-language'), languages) as T | undefined
}
