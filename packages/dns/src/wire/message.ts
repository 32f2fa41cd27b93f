/**
 * What a DNS message is, as plain data (RFC 1035, 4). Types, classes and codes are mnemonics (`MX`, `IN`, `NXDOMAIN`); what has none is
 * written as RFC 3597 says (`TYPE65280`, `CLASS7`) and response codes as `RCODE42`. Names are in presentation form, absolute, in the case
 * in which they came, without the last dot; the root is `.`. A dot, a backslash or a byte that is no printable ASCII inside of a label is escaped (`\.`, `\000`).
 */
import type { RecordData } from './record-data.js'

export interface Question {
  readonly name: string
  readonly type: string
  readonly class: string
}

/** A resource record. `type` says which fields `data` has; bytes alone for a type that is not known (RFC 3597). */
export type ResourceRecord = {
  readonly [Type in keyof RecordData]: {
    readonly name: string
    readonly type: Type
    readonly class: string
    /** In seconds, 0 to 2^31 - 1; a larger one counts as 0 (RFC 2181, 8). */
    readonly ttl: number
    readonly data: RecordData[Type]
  }
}[keyof RecordData]

/** What the OPT record says (RFC 6891). It is not among the additional records. */
export interface Edns {
  /** The largest UDP message that the sender takes, in bytes. */
  readonly udpPayloadBytes: number
  readonly version: number
  /** DO: DNSSEC records are wanted (RFC 3225). */
  readonly dnssecOk: boolean
  readonly options: readonly EdnsOption[]
}

/** An option; the four that this package understands, and others as bytes. */
export type EdnsOption =
  /** RFC 7873. The server's part is empty in a first query. */
  | { readonly option: 'COOKIE'; readonly client: Uint8Array; readonly server: Uint8Array }
  /** RFC 7830. */
  | { readonly option: 'PADDING'; readonly bytes: number }
  /** RFC 7871. */
  | {
      readonly option: 'CLIENT-SUBNET'
      readonly address: string
      readonly sourcePrefix: number
      readonly scopePrefix: number
    }
  /** RFC 8914. */
  | { readonly option: 'EXTENDED-ERROR'; readonly infoCode: number; readonly text: string }
  | { readonly option: 'OTHER'; readonly code: number; readonly bytes: Uint8Array }

export interface Message {
  /** 0 to 65,535. */
  readonly id: number
  readonly isResponse: boolean
  /** `QUERY`, `NOTIFY`, … */
  readonly opcode: string
  readonly isAuthoritative: boolean
  readonly isTruncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly isAuthenticData: boolean
  readonly checkingDisabled: boolean
  /** `NOERROR`, `NXDOMAIN`, …; all twelve bits where there is an OPT record. */
  readonly rcode: string
  readonly questions: readonly Question[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Without the OPT record. */
  readonly additionals: readonly ResourceRecord[]
  readonly edns: Edns | undefined
}
