/** Options: who we are, whom we trust, and what may be spoken. */
import type { NamedContextOptions } from './options.js'
import type { Pem } from './pem.js'
import type { TlsContext } from './server-names.js'
import type { TlsStream } from './tls-stream.js'

/** OpenSSL's names, most wanted first: a list, or one text with colons between. */
export type Names = string | readonly string[]

/** `node`: what Node trusts, NODE_EXTRA_CA_CERTS included. `system`: what programs with OpenSSL trust. Else PEM or DER. */
export type Roots = 'node' | 'system' | Pem

/** A certificate with its key. */
export type Credentials =
  | {
      /** The certificate, and behind it those that lead to a root. */
      readonly cert: Pem | readonly Pem[]
      /** Its private key, encrypted or not. In `cert` unless given. */
      readonly key?: Pem
      /** What the key is encrypted with. */
      readonly passphrase?: string
    }
  | {
      /** PKCS#12: certificate, chain and key in one. */
      readonly pfx: Uint8Array
      readonly passphrase?: string
    }

export interface IdentityOptions {
  /** Our certificate, and behind it those that lead to a root: PEM, or DER in Uint8Arrays. */
  readonly cert?: Pem | readonly Pem[]
  /** Its private key, PEM or DER, encrypted or not. In `cert` unless given. */
  readonly key?: Pem
  /** What `key` or `pfx` is encrypted with. */
  readonly passphrase?: string
  /** In place of `cert` and `key`: PKCS#12, which has both. */
  readonly pfx?: Uint8Array
  /** Further ones, for other types of key: ECDSA for most and RSA for old peers, say. One for each type. */
  readonly certificates?: readonly Credentials[]
  /**
   * Ciphers of TLS 1.2, in OpenSSL's language. A client's are OpenSSL's own unless given; a server's `ECDHE+AESGCM` and
   * `ECDHE+CHACHA20`. `@SECLEVEL=1` in it admits weaker keys and signatures; the level is 2 unless given.
   */
  readonly ciphers?: Names
  /** Cipher suites of TLS 1.3. OpenSSL's own unless given. */
  readonly ciphersuites?: Names
  /** Groups for the key exchange. OpenSSL's own unless given. */
  readonly groups?: Names
  /** What signatures may be made with. OpenSSL's own unless given. */
  readonly signatureAlgorithms?: Names
  /**
   * Application protocols, most wanted first. A client offers them; a server takes the first of its own that is offered, and refuses
   * a client that offers others only. None unless given.
   */
  readonly alpn?: readonly string[]
  /** Revocation lists. Once there is one, each certificate of a peer's chain must be in the scope of one that is valid. */
  readonly crl?: Pem | readonly Pem[]
  /** How many certificates may be between the peer's and the root. 100 unless given. */
  readonly maxIntermediates?: number
  /**
   * Looks at the peer after the handshake and before anybody gets the stream: throw to refuse it. May wait, within
   * `handshakeTimeoutMs`. Must not read or write.
   */
  readonly checkPeer?: (stream: TlsStream) => void | Promise<void>
}

export interface ServerIdentityOptions {
  /**
   * Whether clients are asked for a certificate: `none` are; `request`: one that is shown is verified; `require`: who shows none is
   * refused. `none` unless given.
   */
  readonly clientCertificates?: 'none' | 'request' | 'require'
  /** Who may issue the certificates of clients. */
  readonly clientCa?: Roots | readonly Roots[]
  /**
   * Other certificates for other names: by name, `*.example.com` standing for one label, or a function, which may wait, within
   * `handshakeTimeoutMs`. What is not said in them is as in the options around them; of a TlsContext that is so for `checkPeer`, tickets
   * and OCSP responses alone. A name that is not there, or undefined, gets the certificate of the options around them, or, if they have
   * none, a refusal.
   */
  readonly contexts?: Contexts
}

export type Contexts =
  | Readonly<Record<string, NamedContextOptions | TlsContext>>
  | ((serverName: string | undefined) => ChosenContext | Promise<ChosenContext>)

export type ChosenContext = NamedContextOptions | TlsContext | undefined
