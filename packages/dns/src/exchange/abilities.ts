/**
 * What a server is known to do: keep letter case, understand EDNS, give cookies. What it was found not to do is forgotten after an
 * hour; servers get better. Nothing that a forger could bring about with one datagram makes a server look less able.
 */
import type { EdnsOption } from '../wire/index.js'
import type { RandomUint16 } from './random.js'

const REMEMBERED_FOR_MS = 3_600_000
/** RFC 7873, 4: the client's part has 8 bytes, the server's 8 to 32. */
const CLIENT_COOKIE_BYTES = 8
const SERVER_COOKIE_BYTES = { least: 8, most: 32 } as const

type Cookie = Extract<EdnsOption, { option: 'COOKIE' }>

export class Abilities {
  readonly #random: RandomUint16
  #ignoresCaseUntil = 0
  #lacksEdnsUntil = 0
  /** It has answered with an OPT record. */
  speaksEdns = false
  #cookie: Buffer
  #cookieFrom = -Infinity

  constructor(random: RandomUint16) {
    this.#random = random
    this.#cookie = Buffer.alloc(0)
  }

  keepsCase(now: number): boolean {
    return now >= this.#ignoresCaseUntil
  }

  ignoresCase(now: number): void {
    this.#ignoresCaseUntil = now + REMEMBERED_FOR_MS
  }

  maySpeakEdns(now: number): boolean {
    return now >= this.#lacksEdnsUntil
  }

  lacksEdns(now: number): void {
    this.#lacksEdnsUntil = now + REMEMBERED_FOR_MS
  }

  get hasServerCookie(): boolean {
    return this.#cookie.length > CLIENT_COOKIE_BYTES
  }

  /**
   * What to send: our part, random and for this server alone, and its part once it has given one. Ours is replaced after an hour, so
   * that it does not follow us from one network to the next for long.
   */
  cookie(now: number): Buffer {
    if (now - this.#cookieFrom > REMEMBERED_FOR_MS) {
      this.#cookie = Buffer.alloc(CLIENT_COOKIE_BYTES)
      for (let at = 0; at < CLIENT_COOKIE_BYTES; at += 2) this.#cookie.writeUInt16LE(this.#random(), at)
      this.#cookieFrom = now
    }
    return this.#cookie
  }

  /** Whether a reply's cookie is the answer to `sent`. Takes the server's part if so. */
  takeCookie({ client, server }: Cookie, sent: Uint8Array): boolean {
    const ours = sent.subarray(0, CLIENT_COOKIE_BYTES)
    if (Buffer.compare(client, ours) !== 0) return false
    const { least, most } = SERVER_COOKIE_BYTES
    if (server.length < least || server.length > most) return false
    const isCurrent = Buffer.compare(this.#cookie.subarray(0, CLIENT_COOKIE_BYTES), ours) === 0
    if (isCurrent && Buffer.compare(this.#cookie.subarray(CLIENT_COOKIE_BYTES), server) !== 0)
      this.#cookie = Buffer.concat([ours, server])
    return true
  }

  /** Over TCP it gave none: it has them no more. */
  lacksCookies(): void {
    this.#cookie = this.#cookie.subarray(0, CLIENT_COOKIE_BYTES)
  }
}
