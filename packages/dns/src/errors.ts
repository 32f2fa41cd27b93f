/** The errors of this package. `code` is stable, and Node's where Node has one; messages are for people. */
import { CoroError } from '@shrapnel/core'
import type { Reply } from './resolution.js'

export type DnsErrorCode =
  /** There is no such name (NXDOMAIN). */
  | 'ENOTFOUND'
  /** The name is there, records of that type are not. */
  | 'ENODATA'
  /** The servers could not (SERVFAIL), would not (REFUSED), did not understand (FORMERR), cannot (NOTIMP), or said something else. */
  | 'ESERVFAIL'
  | 'EREFUSED'
  | 'EFORMERR'
  | 'ENOTIMP'
  | 'ERCODE'
  /** No server answered in time. */
  | 'ETIMEOUT'
  /** No server could be reached. */
  | 'ECONNREFUSED'
  /** What came is no answer, and nothing better came. */
  | 'EBADRESP'
  /** That is no domain name. */
  | 'EBADNAME'
  /** As getaddrinfo says of a failure that may pass. `lookup` only. */
  | 'EAI_AGAIN'

export interface DnsFacts {
  /** The name and the type that were asked for. */
  readonly hostname?: string | undefined
  readonly type?: string | undefined
  /** The server that said so. */
  readonly server?: string | undefined
  /** Every server that was asked, and how each of them failed. */
  readonly attempts?: readonly { readonly server: string; readonly error: unknown }[] | undefined
  /** What the server said beside it (RFC 8914). */
  readonly extendedError?: { readonly infoCode: number; readonly text: string } | undefined
  /** In which the server said so; undefined where nothing came that can be read, and of what is remembered. */
  readonly reply?: Reply | undefined
  readonly cause?: unknown
}

export class DnsError extends CoroError {
  override readonly name: string = 'DnsError'
  declare readonly code: DnsErrorCode
  readonly hostname: string | undefined
  readonly type: string | undefined
  readonly server: string | undefined
  readonly attempts: DnsFacts['attempts']
  readonly extendedError: DnsFacts['extendedError']
  declare readonly reply: Reply | undefined
  constructor(code: DnsErrorCode, text: string, facts: DnsFacts = {}) {
    super(code, text, facts.cause)
    this.hostname = facts.hostname
    this.type = facts.type
    this.server = facts.server
    this.attempts = facts.attempts
    this.extendedError = facts.extendedError
    // Not shown by `console.log`: it is a page long.
    Object.defineProperty(this, 'reply', { value: facts.reply })
  }
  /** Whether it may pass: asking again later makes sense. */
  get isTemporary(): boolean {
    return this.code !== 'ENOTFOUND' && this.code !== 'ENODATA' && this.code !== 'EBADNAME'
  }
}
