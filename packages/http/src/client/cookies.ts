/** Cookies of a client. Which of them go where is the business of a jar, a library's: domains, public suffixes, paths and times (RFC 6265). */
import { type Awaitable, interruptible } from '@shrapnel/core'
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'

/** As `CookieJar` of the package tough-cookie has it. */
export interface CookieStore {
  /** The value of the field Cookie for a request to `url`. */
  getCookieString(url: string): PromiseLike<string> | string
  /** Takes the value of a field Set-Cookie of a response from `url`. */
  setCookie(cookie: string, url: string, options?: { ignoreError?: boolean }): PromiseLike<unknown> | unknown
}

/** Set-Cookies of one response that are looked at. */
const MOST_COOKIES = 100

export class Cookies {
  readonly #given: CookieStore | null
  #made: Promise<CookieStore> | null = null

  constructor(store: CookieStore | null) {
    this.#given = store
  }

  async header(url: string): Promise<string> {
    const store = this.#given ?? (await this.#make())
    return settled(store.getCookieString(url))
  }

  /** What a jar does not like it leaves: a server may send anything. */
  async take(values: readonly string[], url: string): Promise<void> {
    const store = this.#given ?? (await this.#make())
    for (const value of values.slice(0, MOST_COOKIES))
      try {
        await settled(store.setCookie(value, url, { ignoreError: true }))
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'INTERRUPTED' || code === 'SHUTDOWN') throw error
      }
  }

  #make(): Promise<CookieStore> {
    this.#made ??= makeJar()
    return interruptible(this.#made)
  }
}

function settled<T>(value: PromiseLike<T> | T): Awaitable<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function'
    ? interruptible(value as PromiseLike<T>)
    : (value as T)
}

/** Loaded when it is wanted first. */
async function makeJar(): Promise<CookieStore> {
  try {
    const { CookieJar } = await import('tough-cookie')
    return new CookieJar()
  } catch (cause) {
    throw new HttpError('HTTP_HEADER', 'cookies need the package tough-cookie', { cause })
  }
}

export function cookiesOf(option: boolean | CookieStore | undefined): Cookies | null {
  if (option === undefined || option === false) return null
  if (option === true) return new Cookies(null)
  if (typeof option !== 'object' || option === null) throw wrongType('cookies', 'true or a jar', option)
  checkFunction('cookies.getCookieString', option.getCookieString)
  checkFunction('cookies.setCookie', option.setCookie)
  return new Cookies(option)
}
