/** TLS on a connection that is there already: STARTTLS, and what `connect` and `listen` do with theirs. */

import { isIP } from 'node:net'
import { BufferedReader, now, type RawSocket, Socket, type Stream, withTimeout } from '@shrapnel/core'
import { checkDuration, checkFunction, currentScope, wrongType } from '@shrapnel/core/parts'
import { contextFor, contextName } from './context.js'
import { hasCredentials } from './credentials.js'
import { DescriptorPump } from './descriptor-pump.js'
import { accepted, TlsError } from './errors.js'
import { asciiHost } from './host-name.js'
import { keyLogSink } from './key-log.js'
import { type NativeContext, type NativeEngine, native, VERIFY_NONE, VERIFY_REQUIRED } from './native.js'
import { askForStaple, checkOcspMode, stapler } from './ocsp.js'
import {
  type ClientOptions,
  type ContextOptions,
  checkOptions,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type ServerOptions,
} from './options.js'
import type { Pump } from './pump.js'
import { RecordPump } from './record-pump.js'
import { Resumption } from './resumption.js'
import { type Chooser, chooserFor } from './server-names.js'
import { TlsStream } from './tls-stream.js'

/** Which side we are, and how it is to be. */
export type UpgradeOptions =
  | (ClientOptions & { readonly isServer?: false })
  | (ServerOptions & { readonly isServer: true })

/** What a side of a connection needs, checked and made before there is a connection. */
export interface Side {
  readonly handshakeTimeoutMs: number
  makeEngine(): NativeEngine
  readonly keyLog: ((lines: string) => void) | undefined
  /** Of a client. */
  readonly resumption?: Resumption
  readonly choose?: Chooser | undefined
  readonly checkPeer?: ContextOptions['checkPeer']
}

/** `host` and `port`: what is connected to. */
export function clientSide(options: ClientOptions, host?: string, port?: number): Side {
  const { verify = true, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options
  if (typeof verify !== 'boolean') throw wrongType('verify', 'true or false', verify)
  const serverName = options.serverName ?? host
  if (serverName === undefined && verify)
    throw wrongType('serverName', 'a name or an address, as the certificate is to be verified', serverName)
  const name = serverName === undefined ? '' : asciiHost('serverName', serverName)
  const keyLog = keyLogSink(options.keyLog)
  const ocsp = checkOcspMode(options.ocsp ?? 'off', verify)
  const context = contextFor(false, options)
  checkDuration('handshakeTimeoutMs', handshakeTimeoutMs)
  const settled = { serverName: name, isVerified: verify, ocsp, options, host, port }
  return {
    handshakeTimeoutMs,
    keyLog,
    checkPeer: checkedHook(options),
    resumption: new Resumption({ contextName: contextName(context), ...settled }),
    makeEngine() {
      const engine = clientEngine(context, verify, name)
      askForStaple(engine, ocsp)
      return engine
    },
  }
}

function clientEngine(context: NativeContext, verify: boolean, name: string): NativeEngine {
  const engine = accepted<NativeEngine>('the context', native.engineMake(context, false))
  const isAddress = isIP(name) !== 0
  // An address is never sent as a server name (RFC 6066, 3).
  if (name !== '' && !isAddress) accepted('serverName', native.engineServerName(engine, name))
  if (verify)
    accepted(
      'serverName',
      native.engineVerify(engine, VERIFY_REQUIRED, isAddress ? '' : name, isAddress ? name : ''),
    )
  else native.engineVerify(engine, VERIFY_NONE, '', '')
  return engine
}

export function serverSide(options: ServerOptions): Side {
  const { handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options
  checkDuration('handshakeTimeoutMs', handshakeTimeoutMs)
  if (options.contexts === undefined && !hasCredentials(options))
    throw wrongType('cert', 'PEM text or a Uint8Array', options.cert)
  const keyLog = keyLogSink(options.keyLog)
  const staple = stapler(options.ocspResponse)
  const context = contextFor(true, options)
  const choose = chooserFor(options, context)
  return {
    handshakeTimeoutMs,
    keyLog,
    choose,
    checkPeer: checkedHook(options),
    makeEngine() {
      const engine = accepted<NativeEngine>('the context', native.engineMake(context, true))
      staple?.(engine)
      if (choose !== undefined) native.engineAskForContext(engine)
      return engine
    },
  }
}

function checkedHook({ checkPeer }: ContextOptions): ContextOptions['checkPeer'] {
  if (checkPeer !== undefined) checkFunction('checkPeer', checkPeer)
  return checkPeer
}

/**
 * Makes a TLS connection of `stream`, on either side, and gives the TlsStream; `stream` is its own from then on. Waits for the
 * handshake, `handshakeTimeoutMs` at most. If that fails or is cancelled, `stream` is closed. Fails with `TLS_CERTIFICATE_…` (a
 * CertificateError), `TLS_ALERT`, `TLS_VERSION`, `TLS_CIPHER`, `TLS_ALPN`, `TLS_SERVER_NAME`, `TLS_NOT_TLS`, `TLS_PROTOCOL`,
 * `TLS_HANDSHAKE_CUT`, `TIMEOUT`, or what `checkPeer` or `contexts` throws; `TLS_OPTION` before anything was sent, and `stream` is as
 * it was then.
 *
 * After plain text that was read through a BufferedReader, give that reader: if it holds bytes that nobody has read, the peer (or
 * whoever is in between) sent them before TLS began. They are no part of what TLS protects, so this closes the stream and fails with
 * `TLS_EARLY_BYTES`.
 */
export async function upgrade(stream: Stream | BufferedReader, options: UpgradeOptions): Promise<TlsStream> {
  checkOptions(options)
  const side = options.isServer === true ? serverSide(options) : clientSide(options)
  if (!(stream instanceof BufferedReader)) return secure(stream, side)
  const count = stream.bufferedBytes
  if (count === 0) return secure(stream.stream, side)
  stream.stream.close()
  throw earlyBytes(`${count} bytes`)
}

function earlyBytes(what: string): TlsError {
  const text = `the peer sent more before TLS began than was read (${what}): it cannot be trusted, and is no TLS`
  return new TlsError('TLS_EARLY_BYTES', text)
}

export async function secure(stream: Stream, side: Side): Promise<TlsStream> {
  const refused = currentScope().refuse()
  if (refused !== null) return refused
  const pump = pumpFor(stream, side)
  const since = now()
  if (side.keyLog !== undefined) native.engineLogKeys(pump.engine)
  pump.keyLog = side.keyLog
  const sessions = side.resumption?.begin(pump.engine, stream)
  const finish = async (): Promise<TlsStream> => {
    await pump.handshake(side.choose)
    const made = new TlsStream(pump, now() - since, stream)
    try {
      await side.checkPeer?.(made)
    } catch (error) {
      made.close()
      throw error
    }
    return made
  }
  const { handshakeTimeoutMs } = side
  let secured: TlsStream
  try {
    secured = await (handshakeTimeoutMs === Infinity ? finish() : withTimeout(handshakeTimeoutMs, finish))
  } catch (error) {
    sessions?.gaveUp()
    throw error
  }
  if (!secured.isClosed) sessions?.established(secured.facts.isResumed)
  pump.sessions = sessions
  return secured
}

function pumpFor(stream: Stream, side: Side): Pump {
  if (stream instanceof Socket) return new DescriptorPump(rawOf(stream), side.makeEngine())
  if (typeof stream?.recv !== 'function' || typeof stream.send !== 'function')
    throw wrongType('stream', 'a Stream', stream)
  return new RecordPump(stream, side.makeEngine())
}

function rawOf(socket: Socket): RawSocket {
  try {
    return socket.raw()
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'PUSHED_BACK') throw error
    socket.close()
    throw earlyBytes('what a recvExact left behind')
  }
}
