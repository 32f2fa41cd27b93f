/**
 * Signed cookies: the client can read them and not change them, nor use the value of one under the name of
 * another. What was signed once stays good, also after the server has changed its mind: put a time into the
 * value if it should not.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import { type CookieOptions, cookies, setCookie } from './cookies.js'
import { invalidValue } from './invalid-value.js'

const MIN_KEY_BYTES = 16
const MAX_KEYS = 16
/** Of an HMAC of SHA-256 in base64url. */
const SIGNATURE_LENGTH = 43

export class CookieSigner {
  readonly #keys: readonly Buffer[]

  /**
   * The first of `keys` signs, and all of them verify: put a new one before the old. Each has 16 bytes or
   * more; 32 random ones are best.
   */
  constructor(keys: readonly (string | Uint8Array)[]) {
    if (!Array.isArray(keys)) throw wrongType('keys', 'an array of text or bytes', keys)
    if (keys.length === 0 || keys.length > MAX_KEYS)
      throw invalidValue('keys', `are not 1 to ${MAX_KEYS}`, keys.length)
    this.#keys = keys.map((key: string | Uint8Array) => {
      if (typeof key !== 'string' && !(key instanceof Uint8Array))
        throw wrongType('each of keys', 'text or bytes', typeof key)
      const bytes = Buffer.from(key as string)
      if (bytes.length < MIN_KEY_BYTES)
        throw invalidValue('each of keys', `has ${MIN_KEY_BYTES} bytes or more`, bytes.length)
      return bytes
    })
  }

  /** `value` and, behind a dot, its signature. */
  sign(name: string, value: string): string {
    return `${value}.${signature(this.#keys[0] as Buffer, name, value).toString('base64url')}`
  }

  /** What was signed; undefined: it was not, or under another name. */
  verify(name: string, signed: string): string | undefined {
    const dot = signed.length - SIGNATURE_LENGTH - 1
    if (dot < 0 || signed[dot] !== '.') return undefined
    const value = signed.slice(0, dot)
    const given = Buffer.from(signed.slice(dot + 1), 'base64url')
    // Each key is tried whatever came of the one before: how long it takes tells nothing.
    let isGood = false
    for (const key of this.#keys) {
      const expected = signature(key, name, value)
      if (given.length === expected.length && timingSafeEqual(given, expected)) isGood = true
    }
    return isGood ? value : undefined
  }

  /** As `setCookie`, signed. */
  set(name: string, value: string, options?: CookieOptions): string {
    return setCookie(name, this.sign(name, value), options)
  }

  /** The value of a signed cookie; undefined: there is none, or its signature is wrong. */
  get(request: HttpRequest, name: string): string | undefined {
    const signed = cookies(request).get(name)
    return signed === undefined ? undefined : this.verify(name, signed)
  }
}

function signature(key: Buffer, name: string, value: string): Buffer {
  // A name has no `=`: what is signed can be taken apart in one way only.
  return createHmac('sha256', key).update(`${name}=${value}`).digest()
}
