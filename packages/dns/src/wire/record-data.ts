/** The data of each type of record, by its mnemonic. Field names are those of the RFC that defines the type. */

export interface RecordData {
  /** RFC 1035, 3.4.1. */
  readonly A: { readonly address: string }
  /** RFC 3596. In the form of RFC 5952. */
  readonly AAAA: { readonly address: string }
  readonly CNAME: { readonly target: string }
  readonly NS: { readonly target: string }
  readonly PTR: { readonly target: string }
  readonly MX: { readonly preference: number; readonly exchange: string }
  /** Each string is at most 255 bytes and need not be text. */
  readonly TXT: { readonly strings: readonly Uint8Array[] }
  readonly SOA: {
    readonly mname: string
    readonly rname: string
    readonly serial: number
    readonly refresh: number
    readonly retry: number
    readonly expire: number
    readonly minimum: number
  }
  /** RFC 2782. */
  readonly SRV: {
    readonly priority: number
    readonly weight: number
    readonly port: number
    readonly target: string
  }
  /** What is not known (RFC 3597). */
  readonly [unknown: `TYPE${number}`]: { readonly bytes: Uint8Array }
}
