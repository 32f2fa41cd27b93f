/** TLS on a connection that is there already: STARTTLS, and what `connect` and `listen` do with theirs. */

import { isIP } from 'node:net'
import { now, Socket, type Stream, withTimeout } from '@shrapnel/core'
import { checkDuration, checkFunction, currentScope, wrongType } from '@shrapnel/core/parts'
import { contextFor } from './context.js'
import { hasCredentials } from './credentials.js'
import { DescriptorPump } from './descriptor-pump.js'
import { accepted } from './errors.js'
import { asciiHost } from './host-name.js'
import { type NativeContext, type NativeEngine, native, VERIFY_NONE, VERIFY_REQUIRED } from './native.js'
import {
  type ClientOptions,
  type ContextOptions,
  checkOptions,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type ServerOptions,
  type TlsSession,
} from './options.js'
import type { Pump } from './pump.js'
import { RecordPump } from './record-pump.js'
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
  readonly choose?: Chooser | undefined
  readonly checkPeer?: ContextOptions['checkPeer']
}

export function clientSide(options: ClientOptions, host?: string): Side {
  const { verify = true, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options
  if (typeof verify !== 'boolean') throw wrongType('verify', 'true or false', verify)
  const serverName = options.serverName ?? host
  if (serverName === undefined && verify)
    throw wrongType('serverName', 'a name or an address, as the certificate is to be verified', serverName)
  const name = serverName === undefined ? '' : asciiHost('serverName', serverName)
  const context = contextFor(false, options)
  checkDuration('handshakeTimeoutMs', handshakeTimeoutMs)
  const checkPeer = checkedHook(options)
  const makeEngine = () => clientEngine(context, verify, name, options.session)
  return { handshakeTimeoutMs, makeEngine, checkPeer }
}

function clientEngine(
  context: NativeContext,
  verify: boolean,
  name: string,
  session: TlsSession | undefined,
): NativeEngine {
  const engine = accepted<NativeEngine>('the context', native.engineMake(context, false))
  if (session !== undefined) accepted('session', native.engineSession(engine, session))
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
  const context = contextFor(true, options)
  const choose = chooserFor(options, context)
  const makeEngine = () => {
    const engine = accepted<NativeEngine>('the context', native.engineMake(context, true))
    if (choose !== undefined) native.engineAskForContext(engine)
    return engine
  }
  return { handshakeTimeoutMs, makeEngine, choose, checkPeer: checkedHook(options) }
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
  const finish = async (): Promise<TlsStream> => {
    await pump.handshake(side.choose)
    const made = new TlsStream(pump, now() - since)
    try {
      await side.checkPeer?.(made)
    } catch (error) {
      made.close()
      throw error
    }
    return made
  }
  const { handshakeTimeoutMs } = side
  return handshakeTimeoutMs === Infinity ? finish() : withTimeout(handshakeTimeoutMs, finish)
}

function pumpFor(stream: Stream, side: Side): Pump {
  if (stream instanceof Socket) return new DescriptorPump(stream.raw(), side.makeEngine())
  if (typeof stream?.recv !== 'function' || typeof stream.send !== 'function')
    throw wrongType('stream', 'a Stream', stream)
  return new RecordPump(stream, side.makeEngine())
}
