/** The data of each type of record, by its mnemonic. Field names are those of the RFC that defines the type. */

/** Types that have a mnemonic, and are bytes here all the same. */
export type OpaqueType =
  | 'NULL'
  | 'RP'
  | 'AFSDB'
  | 'LOC'
  | 'KX'
  | 'CERT'
  | 'APL'
  | 'IPSECKEY'
  | 'DHCID'
  | 'SMIMEA'
  | 'HIP'
  | 'OPENPGPKEY'
  | 'CSYNC'
  | 'ZONEMD'
  | 'SPF'
  | 'EUI48'
  | 'EUI64'
  | 'TKEY'
  | 'TSIG'
  | 'URI'

export interface RecordData extends Readonly<Record<OpaqueType, { readonly bytes: Uint8Array }>> {
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
  /** RFC 6672. */
  readonly DNAME: { readonly target: string }
  /** RFC 1035, 3.3.2. Each character is a byte. */
  readonly HINFO: { readonly cpu: string; readonly os: string }
  /** RFC 3403, 4.1. Each character of the three strings is a byte. */
  readonly NAPTR: {
    readonly order: number
    readonly preference: number
    readonly flags: string
    readonly services: string
    readonly regexp: string
    readonly replacement: string
  }
  /** RFC 8659. Each character of the value is a byte; the tag keeps its case. */
  readonly CAA: { readonly flags: number; readonly tag: string; readonly value: string }
  /** RFC 6698, 2.1. */
  readonly TLSA: {
    readonly certificateUsage: number
    readonly selector: number
    readonly matchingType: number
    readonly certificateAssociationData: Uint8Array
  }
  /** RFC 4255, 3.1. */
  readonly SSHFP: {
    readonly algorithm: number
    readonly fingerprintType: number
    readonly fingerprint: Uint8Array
  }
  /** RFC 4034, 5.1. */
  readonly DS: DelegationSigner
  /** RFC 7344. */
  readonly CDS: DelegationSigner
  /** RFC 4034, 2.1. */
  readonly DNSKEY: DnsKey
  /** RFC 7344. */
  readonly CDNSKEY: DnsKey
  /** RFC 4034, 3.1. */
  readonly RRSIG: {
    readonly typeCovered: string
    readonly algorithm: number
    readonly labels: number
    readonly originalTtl: number
    /** Both in seconds since 1970, modulo 2^32. */
    readonly expiration: number
    readonly inception: number
    readonly keyTag: number
    readonly signerName: string
    readonly signature: Uint8Array
  }
  /** RFC 4034, 4.1. The types are mnemonics, by number. */
  readonly NSEC: { readonly nextDomainName: string; readonly types: readonly string[] }
  /** RFC 5155, 3.2. */
  readonly NSEC3: {
    readonly hashAlgorithm: number
    readonly flags: number
    readonly iterations: number
    readonly salt: Uint8Array
    readonly nextHashedOwnerName: Uint8Array
    readonly types: readonly string[]
  }
  /** RFC 5155, 4.2. */
  readonly NSEC3PARAM: {
    readonly hashAlgorithm: number
    readonly flags: number
    readonly iterations: number
    readonly salt: Uint8Array
  }
  /** RFC 9460. */
  readonly SVCB: ServiceBinding
  readonly HTTPS: ServiceBinding
  /** What is not known (RFC 3597). */
  readonly [unknown: `TYPE${number}`]: { readonly bytes: Uint8Array }
}

export interface DelegationSigner {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

export interface DnsKey {
  readonly flags: number
  readonly protocol: number
  readonly algorithm: number
  readonly publicKey: Uint8Array
}

/** RFC 9460, 2.2. A priority of 0 makes it an alias of `target`; `.` as the target of another one is the owner's name. */
export interface ServiceBinding {
  readonly priority: number
  readonly target: string
  readonly params: ServiceParams
}

/** RFC 9460, 7. A key that is not there is undefined. */
export interface ServiceParams {
  /** The keys, as `alpn` or `key7`, without which the record must not be used. */
  readonly mandatory?: readonly string[] | undefined
  /** Each character is a byte. */
  readonly alpn?: readonly string[] | undefined
  readonly noDefaultAlpn?: boolean | undefined
  readonly port?: number | undefined
  readonly ipv4hint?: readonly string[] | undefined
  readonly ech?: Uint8Array | undefined
  readonly ipv6hint?: readonly string[] | undefined
  /** What has no name here, by number. */
  readonly others?: readonly { readonly key: number; readonly bytes: Uint8Array }[] | undefined
}
