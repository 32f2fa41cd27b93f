/** What the two sides of a connection agreed on. It is asked for at once, as the engine may be gone later, and in as few objects as can be. */
import {
  agreed,
  HAS_ALPN,
  HAS_SERVER_NAME,
  IS_RESUMED,
  type NativeEngine,
  type NativeNames,
  type NativeTexts,
  native,
} from './native.js'

/** What the two sides agreed on. */
export interface TlsFacts {
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly protocol: string
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string
  /** The group of the key exchange, as `x25519`; undefined without one. */
  readonly group: string | undefined
  /** The application protocol that was agreed on; undefined: none. */
  readonly alpn: string | undefined
  /** The name that the client asked for, in ASCII; undefined: none, as for an address. */
  readonly serverName: string | undefined
  /** Whether an earlier session went on, without certificates. */
  readonly isResumed: boolean
  /** How long the handshake took, in milliseconds. */
  readonly handshakeMs: number
}

const NO_TEXTS: NativeTexts = { alpn: '', serverName: '' }
/** Nearly all connections of a process agree on the same, of the few hundred things that two OpenSSLs can agree on. */
const knownNames = new Map<number, NativeNames>()

/** Right after `engineFacts`. */
function namesOf(engine: NativeEngine): NativeNames {
  const key = agreed()
  const known = knownNames.get(key)
  if (known !== undefined) return known
  const names = native.engineNames(engine)
  knownNames.set(key, names)
  return names
}

/** A connection that knows what was agreed on. */
export abstract class Agreed implements TlsFacts {
  readonly #names: NativeNames
  readonly #texts: NativeTexts
  #facts: TlsFacts | null = null
  readonly isResumed: boolean
  readonly handshakeMs: number

  /** After the handshake. @internal */
  constructor(engine: NativeEngine, handshakeMs: number) {
    const bits = native.engineFacts(engine)
    this.isResumed = (bits & IS_RESUMED) !== 0
    this.handshakeMs = handshakeMs
    this.#texts = (bits & (HAS_ALPN | HAS_SERVER_NAME)) === 0 ? NO_TEXTS : native.engineTexts(engine)
    this.#names = namesOf(engine)
  }

  /** All of it. */
  get facts(): TlsFacts {
    this.#facts ??= {
      protocol: this.protocol,
      cipher: this.cipher,
      group: this.group,
      alpn: this.alpn,
      serverName: this.serverName,
      isResumed: this.isResumed,
      handshakeMs: this.handshakeMs,
    }
    return this.#facts
  }

  get protocol(): string {
    return this.#names.protocol
  }

  get cipher(): string {
    return this.#names.cipher
  }

  get group(): string | undefined {
    return this.#names.group || undefined
  }

  get alpn(): string | undefined {
    return this.#texts.alpn || undefined
  }

  get serverName(): string | undefined {
    return this.#texts.serverName || undefined
  }
}
