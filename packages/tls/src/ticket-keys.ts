/**
 * The keys that a server seals its session tickets with. They change with time by themselves, and are made of one secret: processes
 * that have the same secret can go on with each other's sessions and need not talk about it.
 */
import { randomBytes } from 'node:crypto'
import { checkDuration, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { accepted, TlsError } from './errors.js'
import { type NativeTicketKeys, native } from './native.js'

const SECRET_BYTES = 32
const HOUR_MS = 3_600_000
const DEFAULT_ROTATION_MS = 4 * HOUR_MS
const DEFAULT_LIFETIME_MS = 2 * HOUR_MS
/** RFC 8446, 4.6.1. */
const MOST_MS = 7 * 24 * HOUR_MS
const FORM = /^tls-tickets-1:(\d{1,9}):(\d{1,9}):([\w-]{43,})$/

export interface TicketKeysOptions {
  /** 32 bytes or more that nobody can guess; whoever knows them can read the tickets of TLS 1.2. Random unless given. */
  readonly secret?: Uint8Array
  /** How often new keys are used, in milliseconds: whole seconds. 4 hours unless given. */
  readonly rotationMs?: number
  /** How long a session can be resumed, in milliseconds: whole seconds, a week at most. 2 hours unless given. */
  readonly lifetimeMs?: number
}

const NAMES: ReadonlySet<string> = new Set<keyof TicketKeysOptions>(['secret', 'rotationMs', 'lifetimeMs'])

let made = 0

export class TicketKeys {
  readonly rotationMs: number
  readonly lifetimeMs: number
  /** @internal */
  readonly id: number = ++made
  /** @internal */
  readonly native: NativeTicketKeys
  readonly #secret: Uint8Array

  /** `clockShiftMs` is for tests of time. */
  constructor(options: TicketKeysOptions = {}, clockShiftMs = 0) {
    checkOptionNames(options, NAMES)
    const { secret = randomBytes(SECRET_BYTES) } = options
    if (!(secret instanceof Uint8Array)) throw wrongType('secret', 'a Uint8Array', secret)
    if (secret.length < SECRET_BYTES)
      throw outOfRange('secret', `${SECRET_BYTES} bytes or more`, `${secret.length} bytes`)
    this.rotationMs = wholeSeconds('rotationMs', options.rotationMs ?? DEFAULT_ROTATION_MS)
    this.lifetimeMs = wholeSeconds('lifetimeMs', options.lifetimeMs ?? DEFAULT_LIFETIME_MS)
    this.#secret = Uint8Array.from(secret)
    this.native = accepted(
      'tickets',
      native.ticketKeysMake(
        this.#secret,
        this.rotationMs / 1000,
        this.lifetimeMs / 1000,
        Math.round(clockShiftMs / 1000),
      ),
    )
  }

  /** All of it as one line of text, for other processes: `TicketKeys.import(text)` there. It is a secret. */
  export(): string {
    const secret = Buffer.from(this.#secret).toString('base64url')
    return `tls-tickets-1:${this.rotationMs / 1000}:${this.lifetimeMs / 1000}:${secret}`
  }

  /** What `export()` gave. Throws `TLS_OPTION` for anything else. */
  static import(text: string): TicketKeys {
    if (typeof text !== 'string') throw wrongType('text', 'text', text)
    const [, rotation, lifetime, secret] = FORM.exec(text.trim()) ?? []
    // Not a word about what the text was: it may be a secret all the same.
    if (secret === undefined) throw new TlsError('TLS_OPTION', 'this is not what TicketKeys.export() gives')
    return new TicketKeys({
      secret: Buffer.from(secret, 'base64url'),
      rotationMs: Number(rotation) * 1000,
      lifetimeMs: Number(lifetime) * 1000,
    })
  }
}

function wholeSeconds(name: string, ms: number): number {
  checkDuration(name, ms)
  if (ms < 1000 || ms > MOST_MS || ms % 1000 !== 0)
    throw outOfRange(name, 'whole seconds in milliseconds, from 1000 up to a week', ms)
  return ms
}

let ofThread: TicketKeys | undefined

/** What servers use that were not given any. */
export function sharedTicketKeys(): TicketKeys {
  ofThread ??= new TicketKeys()
  return ofThread
}
