/**
 * Everything the addon exports, and the only place that loads it. What is not here does not exist. Calls give a count of at least 0,
 * a negative errno, or one of the outcomes below.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** An SSL_CTX: what connections with the same options share. */
export interface NativeContext {
  readonly kind: 'context'
}
/** One connection. */
export interface NativeEngine {
  readonly kind: 'engine'
}
/** What a client needs to resume. */
export interface NativeSession {
  readonly kind: 'session'
}
/** Certificates that are trusted. */
export interface NativeRoots {
  readonly kind: 'roots'
}

/** What a client asks for. Lists are as on the wire. */
export interface NativeHello {
  /** Empty: it asks for none. */
  readonly serverName: string
  readonly peerProtocols: Buffer
  readonly peerVersions: Buffer
}

/** What an engine was doing when it failed. */
export interface NativeCircumstances extends NativeHello {
  readonly isServer: 0 | 1
  readonly isFinished: 0 | 1
  readonly leastVersion: number
  readonly mostVersion: number
  /** DER of the certificate that was refused. */
  readonly certificate: Buffer
  readonly expectedName: string
  readonly ourProtocols: Buffer
  /** Names with colons between. */
  readonly ourCiphers: string
  readonly peerCiphers: string
  readonly firstBytes: Buffer
}

/** What a server seals its tickets with. */
export interface NativeTicketKeys {
  readonly kind: 'ticket keys'
}

export interface NativeSessionFacts {
  readonly isResumable: 0 | 1
  /** As on the wire. */
  readonly version: number
  readonly lifetimeSeconds: number
}

/** Empty: none. */
export interface NativeTexts {
  readonly alpn: string
  readonly serverName: string
}

/** Empty: none. */
export interface NativeNames {
  readonly protocol: string
  readonly cipher: string
  readonly group: string
}

/** Why the last call that gave `FAILED` did. */
export interface NativeFailure extends NativeCircumstances {
  /** OpenSSL's numbers for the library and the reason, and its words. */
  readonly library: number
  readonly reasonCode: number
  readonly reason: string
  readonly where: string
  /** X509_V_ERR_…; 0: the certificate is not why. */
  readonly verifyCode: number
  readonly verifyReason: string
  /** What a client thinks of the stapled answer (native/ocsp.h). */
  readonly ocsp: number
  readonly depth: number
  /** -1: none. */
  readonly alertSent: number
  readonly alertReceived: number
}

export interface Native {
  start(state: Int32Array): number

  contextMake(isServer: boolean): NativeContext | number
  contextVersions(context: NativeContext, least: number, most: number): number
  contextCertificate(context: NativeContext, chain: Uint8Array, key: Uint8Array, passphrase: string): number
  contextRoots(context: NativeContext, roots: NativeRoots): number
  rootsMake(pem: Uint8Array): NativeRoots | number
  contextPkcs12(context: NativeContext, file: Uint8Array, passphrase: string): number
  contextNames(context: NativeContext, setting: number, names: string): number
  contextProtocols(context: NativeContext, isServer: boolean, protocols: Uint8Array): number
  contextDepth(context: NativeContext, mostIntermediates: number): number
  contextClients(context: NativeContext, mode: number, authorities: Uint8Array): number
  /** Shared by all threads of the process. */
  rootsShared(name: string): NativeRoots | undefined
  rootsShare(name: string, roots: NativeRoots): number
  rootsAdd(into: NativeRoots, from: NativeRoots): number
  rootsAddSystem(into: NativeRoots): number
  rootsAddRevocations(into: NativeRoots, lists: Uint8Array): number
  /** The handshake gives `WANT_CONTEXT` once the client has said what it wants. */
  engineAskForContext(engine: NativeEngine): number
  engineHello(engine: NativeEngine): NativeHello
  /** With its own tickets, or with those of the context before it. */
  engineUseContext(engine: NativeEngine, context: NativeContext, hasTickets: boolean): number
  /** The next call of the handshake fails, and sends that alert. */
  engineRefuse(engine: NativeEngine, alert: number): number
  /** DER, the peer's own first. */
  enginePeerChain(engine: NativeEngine): Buffer[]

  engineMake(context: NativeContext, isServer: boolean): NativeEngine | number
  /** How many hold memory, in all threads of the process. */
  engineCount(): number
  engineFree(engine: NativeEngine): number
  engineVerify(engine: NativeEngine, mode: number, name: string, address: string): number
  engineServerName(engine: NativeEngine, name: string): number
  /** Bits; and `agreed()` from then on until the next call of it. Once. */
  engineFacts(engine: NativeEngine): number
  /** After `engineFacts`, once. */
  engineTexts(engine: NativeEngine): NativeTexts
  engineNames(engine: NativeEngine): NativeNames
  lastFailure(): NativeFailure

  engineSession(engine: NativeEngine, session: NativeSession): number
  /** The oldest that has come and that was not taken. */
  engineTakeSession(engine: NativeEngine): NativeSession | undefined
  sessionFacts(session: NativeSession): NativeSessionFacts
  /** For how long a full handshake would accept what it has accepted; at least 2 ** 31 - 1 is for ever. */
  engineVerifiedSeconds(engine: NativeEngine): number
  ticketKeysMake(
    secret: Uint8Array,
    rotationSeconds: number,
    lifetimeSeconds: number,
    shiftSeconds: number,
  ): NativeTicketKeys | number
  contextTickets(context: NativeContext, keys: NativeTicketKeys | undefined, count: number): number
  contextIdentity(context: NativeContext, bytes: Uint8Array): number

  engineLogKeys(engine: NativeEngine): number
  engineTakeKeyLog(engine: NativeEngine): string
  engineExport(
    engine: NativeEngine,
    into: Uint8Array,
    label: string,
    context: Uint8Array,
    hasContext: boolean,
  ): number
  engineServerEndPoint(engine: NativeEngine): Buffer

  engineOcsp(engine: NativeEngine, isRequired: boolean): number
  engineStaple(engine: NativeEngine, response: Uint8Array): number
  ocspIsResponse(bytes: Uint8Array): 0 | 1

  handshake(engine: NativeEngine, fd: number, mayReceive: boolean, trustsShortReads: boolean): number
  read(
    engine: NativeEngine,
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    trustsShortReads: boolean,
  ): number
  write(engine: NativeEngine, fd: number, buffer: Uint8Array, offset: number, length: number): number
  flush(engine: NativeEngine, fd: number): number
  shutdown(engine: NativeEngine, fd: number): number
  /** Takes what the socket has, for a write or a shutdown that gave `WANT_READ`. */
  pull(engine: NativeEngine, fd: number): number
  /** Before the descriptor is closed. The engine is freed. */
  close(engine: NativeEngine, fd: number, saysEnd: boolean): number
  feed(engine: NativeEngine, bytes: Uint8Array): number
  takeOutput(engine: NativeEngine): Buffer | undefined
}

/** In place of a descriptor: the bytes come by `feed` and go by `takeOutput`. */
export const NO_SOCKET = -1

/** Outcomes, as native/outcome.h has them. */
export const WANT_READ = -10001
export const WANT_WRITE = -10002
export const CLOSED = -10003
export const ENDED = -10004
export const FAILED = -10005
export const WANT_CONTEXT = -10006

/** Bits of `state[0]` after a call on an engine. */
export const DRAINED = 1
export const PENDING_OUTPUT = 2
export const HAS_SESSION = 4
export const HAS_KEY_LOG = 8

/** Bits of `engineFacts`. */
export const IS_RESUMED = 1
export const HAS_ALPN = 2
export const HAS_SERVER_NAME = 4

/** OpenSSL's SSL_VERIFY_NONE, and SSL_VERIFY_PEER with SSL_VERIFY_FAIL_IF_NO_PEER_CERT. */
export const VERIFY_NONE = 0
export const VERIFY_REQUIRED = 3
/** SSL_VERIFY_PEER alone: what is shown is verified, and nothing may be shown. */
export const VERIFY_OPTIONAL = 1

/** Settings of `contextNames`, as native/policy.h has them. */
export const CIPHERS = 1
export const CIPHER_SUITES = 2
export const GROUPS = 3
export const SIGNATURE_ALGORITHMS = 4

function load(): Native {
  if (process.platform === 'win32') {
    throw new Error('@shrapnel/tls runs on Linux, macOS and the BSDs, as @shrapnel/core does')
  }
  const require = createRequire(import.meta.url)
  // The tests of the package run it on other builds of the addon (sanitizers).
  const override = process.env.SHRAPNEL_TLS_ADDON
  if (override !== undefined && override !== '') return require(override) as Native
  const root = fileURLToPath(new URL('..', import.meta.url))
  return require('pkg-prebuilds')(root, require(`${root}binding-options.cjs`)) as Native
}

export const native: Native = load()

/** Written by the addon after each call on an engine. */
const state = new Int32Array(4)
native.start(state)

export function hasFlag(flag: number): boolean {
  return ((state[0] as number) & flag) !== 0
}

/** A number that stands for the version, cipher suite and group that the last `engineFacts` told of. */
export function agreed(): number {
  // 8 bits that tell versions apart, 16 of the suite, and less than 26 of the group.
  return (((state[1] as number) & 0xff) * 2 ** 16 + (state[2] as number)) * 2 ** 26 + (state[3] as number)
}
