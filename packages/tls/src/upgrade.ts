/** TLS on a connection that is there already: STARTTLS, and what `connect` and `listen` do with theirs. */

import { isIP } from 'node:net'
import { now, Socket, type Stream, withTimeout } from '@shrapnel/core'
import { checkDuration, currentScope, wrongType } from '@shrapnel/core/parts'
import { contextFor, contextName } from './context.js'
import { DescriptorPump } from './descriptor-pump.js'
import { accepted } from './errors.js'
import { keyLogSink } from './key-log.js'
import { type NativeContext, type NativeEngine, native, VERIFY_NONE, VERIFY_REQUIRED } from './native.js'
import { askForStaple, checkOcspMode, stapler } from './ocsp.js'
import {
  type ClientOptions,
  checkOptions,
  checkText,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type ServerOptions,
} from './options.js'
import type { Pump } from './pump.js'
import { RecordPump } from './record-pump.js'
import { Resumption } from './resumption.js'
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
}

/** `host` and `port`: what is connected to. */
export function clientSide(options: ClientOptions, host?: string, port?: number): Side {
  const { verify = true, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options
  if (typeof verify !== 'boolean') throw wrongType('verify', 'true or false', verify)
  const serverName = options.serverName ?? host
  if (serverName === undefined && verify)
    throw wrongType('serverName', 'a name or an address, as the certificate is to be verified', serverName)
  const name = serverName === undefined ? '' : checkText('serverName', serverName)
  const keyLog = keyLogSink(options.keyLog)
  const ocsp = checkOcspMode(options.ocsp ?? 'off', verify)
  const context = contextFor(false, options)
  checkDuration('handshakeTimeoutMs', handshakeTimeoutMs)
  const settled = { serverName: name, isVerified: verify, ocsp, options, host, port }
  return {
    handshakeTimeoutMs,
    keyLog,
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
  if (options.cert === undefined) throw wrongType('cert', 'PEM text or a Uint8Array', options.cert)
  const keyLog = keyLogSink(options.keyLog)
  const staple = stapler(options.ocspResponse)
  const context = contextFor(true, options)
  return {
    handshakeTimeoutMs,
    keyLog,
    makeEngine() {
      const engine = accepted<NativeEngine>('the context', native.engineMake(context, true))
      staple?.(engine)
      return engine
    },
  }
}

/**
 * Makes a TLS connection of `stream`, on either side, and gives the TlsStream; `stream` is its own from then on. Waits for the
 * handshake, `handshakeTimeoutMs` at most. If that fails or is cancelled, `stream` is closed. Fails with `TLS_CERTIFICATE`,
 * `TLS_ALERT`, `TLS_PROTOCOL`, `TLS_HANDSHAKE_CUT`, `TIMEOUT`; `TLS_OPTION` before anything was sent, and `stream` is as it was then.
 */
export async function upgrade(stream: Stream, options: UpgradeOptions): Promise<TlsStream> {
  checkOptions(options)
  return secure(stream, options.isServer === true ? serverSide(options) : clientSide(options))
}

export async function secure(stream: Stream, side: Side): Promise<TlsStream> {
  const refused = currentScope().refuse()
  if (refused !== null) return refused
  const pump = pumpFor(stream, side)
  const since = now()
  if (side.keyLog !== undefined) native.engineLogKeys(pump.engine)
  pump.keyLog = side.keyLog
  const sessions = side.resumption?.begin(pump.engine, stream)
  const { handshakeTimeoutMs } = side
  try {
    if (handshakeTimeoutMs === Infinity) await pump.handshake()
    else await withTimeout(handshakeTimeoutMs, () => pump.handshake())
  } catch (error) {
    sessions?.gaveUp()
    throw error
  }
  const secured = new TlsStream(pump, now() - since)
  sessions?.established(secured.facts.isResumed)
  pump.sessions = sessions
  return secured
}

function pumpFor(stream: Stream, side: Side): Pump {
  if (stream instanceof Socket) return new DescriptorPump(stream.raw(), side.makeEngine())
  if (typeof stream?.recv !== 'function' || typeof stream.send !== 'function')
    throw wrongType('stream', 'a Stream', stream)
  return new RecordPump(stream, side.makeEngine())
}
