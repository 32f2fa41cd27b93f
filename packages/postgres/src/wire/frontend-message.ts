/** What a client sends, as values: for servers that tests play, and for proxies. A client writes with frontend-encode.ts alone. */
import type { Format } from './message-types.js'

export type FrontendMessage =
  | {
      readonly kind: 'startup'
      readonly majorVersion: number
      readonly minorVersion: number
      readonly parameters: ReadonlyMap<string, string>
    }
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gss-enc-request' }
  | { readonly kind: 'cancel-request'; readonly processId: number; readonly secretKey: Buffer }
  /** A password with its NUL, or what SASL has in the place: the conversation knows (`decodePassword`, `decodeSaslInitialResponse`). */
  | { readonly kind: 'authentication-response'; readonly data: Buffer }
  | {
      readonly kind: 'bind'
      readonly portal: string
      readonly statement: string
      readonly parameterFormats: readonly Format[]
      readonly parameters: readonly (Buffer | null)[]
      readonly resultFormats: readonly Format[]
    }
  | { readonly kind: 'close' | 'describe'; readonly target: 'statement' | 'portal'; readonly name: string }
  | { readonly kind: 'copy-data'; readonly data: Buffer }
  | { readonly kind: 'copy-done' }
  | { readonly kind: 'copy-fail'; readonly reason: string }
  /** At most `maxRows`; 0 is all. */
  | { readonly kind: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly kind: 'flush' }
  | {
      readonly kind: 'function-call'
      readonly functionOid: number
      readonly argumentFormats: readonly Format[]
      readonly arguments: readonly (Buffer | null)[]
      readonly resultFormat: Format
    }
  | {
      readonly kind: 'parse'
      readonly statement: string
      readonly text: string
      readonly typeOids: readonly number[]
    }
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'sync' }
  | { readonly kind: 'terminate' }
