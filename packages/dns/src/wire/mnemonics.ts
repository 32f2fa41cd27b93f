/** Numbers and the words for them. What has no word is written as RFC 3597 says: `TYPE65280`, `CLASS7`; codes as `RCODE42`. */
import { DnsWireError } from './errors.js'

/** A table of words for numbers of sixteen bits, and how the others are written. */
export class Mnemonics {
  readonly #words: (string | undefined)[] = []
  readonly #rare = new Map<number, string>()
  readonly #numbers = new Map<string, number>()
  readonly #prefix: string
  readonly #largest: number
  readonly #what: string

  constructor(what: string, prefix: string, largest: number, table: Readonly<Record<string, number>>) {
    this.#what = what
    this.#prefix = prefix
    this.#largest = largest
    for (const [word, number] of Object.entries(table)) {
      if (!this.#numbers.has(word)) this.#numbers.set(word, number)
      if (number >= DENSE) this.#rare.set(number, word)
      else {
        while (this.#words.length <= number) this.#words.push(undefined)
        this.#words[number] ??= word
      }
    }
  }

  word(number: number): string {
    const word = number < this.#words.length ? this.#words[number] : this.#rare.get(number)
    return word ?? this.#prefix + number
  }

  /** The number of `word`, in capitals or not; undefined if nothing is called so. */
  find(word: string): number | undefined {
    const known = this.#numbers.get(word)
    if (known !== undefined) return known
    // Words of one table are all in one case.
    const isCapital = this.#prefix === this.#prefix.toUpperCase()
    const folded = isCapital ? word.toUpperCase() : word.toLowerCase()
    if (folded !== word) return this.find(folded)
    if (!word.startsWith(this.#prefix)) return undefined
    const digits = word.slice(this.#prefix.length)
    return /^(?:0|[1-9]\d{0,4})$/.test(digits) && Number(digits) <= this.#largest ? Number(digits) : undefined
  }

  /** The number of `word`. Throws DNS_VALUE if nothing is called so. */
  number(word: string): number {
    const number = this.#numbers.get(word) ?? this.find(word)
    if (number === undefined) throw new DnsWireError('DNS_VALUE', `there is no ${this.#what} '${word}'`)
    return number
  }
}

const DENSE = 300

/** IANA's registry of record types; those in use, and after them the ones for questions alone. RFC 1035, 3.2.2, where nothing else is said. */
export const RECORD_TYPES = new Mnemonics('record type', 'TYPE', 0xffff, {
  ...{
    A: 1,
    NS: 2,
    CNAME: 5,
    SOA: 6,
    NULL: 10,
    PTR: 12,
    HINFO: 13,
    MX: 15,
    TXT: 16,
    RP: 17,
    AFSDB: 18,
    AAAA: 28,
  },
  ...{ LOC: 29, SRV: 33, NAPTR: 35, KX: 36, CERT: 37, DNAME: 39, OPT: 41, APL: 42, DS: 43, SSHFP: 44 },
  ...{ IPSECKEY: 45, RRSIG: 46, NSEC: 47, DNSKEY: 48, DHCID: 49, NSEC3: 50, NSEC3PARAM: 51, TLSA: 52 },
  ...{
    SMIMEA: 53,
    HIP: 55,
    CDS: 59,
    CDNSKEY: 60,
    OPENPGPKEY: 61,
    CSYNC: 62,
    ZONEMD: 63,
    SVCB: 64,
    HTTPS: 65,
  },
  ...{ SPF: 99, EUI48: 108, EUI64: 109, TKEY: 249, TSIG: 250, URI: 256, CAA: 257 },
  ...{ IXFR: 251, AXFR: 252, MAILB: 253, MAILA: 254, ANY: 255 },
})

/** RFC 1035, 3.2.4; NONE: RFC 2136, 2.4. */
export const CLASSES = new Mnemonics('class', 'CLASS', 0xffff, { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 })

/** RFC 1035, 4.1.1; NOTIFY: RFC 1996; UPDATE: RFC 2136; DSO: RFC 8490. */
export const OPCODES = new Mnemonics('opcode', 'OPCODE', 15, {
  ...{ QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 },
})

/** RFC 1035, 4.1.1; RFC 2136, 2.2; RFC 6891, 9; RFC 7873, 8. */
export const RCODES = new Mnemonics('response code', 'RCODE', 0xfff, {
  ...{ NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7 },
  ...{ NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10, DSOTYPENI: 11, BADVERS: 16, BADKEY: 17, BADTIME: 18 },
  ...{ BADMODE: 19, BADNAME: 20, BADALG: 21, BADTRUNC: 22, BADCOOKIE: 23 },
})
