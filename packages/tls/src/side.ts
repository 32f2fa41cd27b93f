/** What `connect`, `listen` and `upgrade` make of their options: either side of a connection, before there is one. */
import { isIP } from 'node:net'
import { checkDuration, wrongType } from '@shrapnel/core/parts'
import { contextFor, contextName } from './context.js'
import { hasCredentials } from './credentials.js'
import { accepted } from './errors.js'
import { asciiHost } from './host-name.js'
import { keyLogSink } from './key-log.js'
import { type NativeContext, type NativeEngine, native, VERIFY_NONE, VERIFY_REQUIRED } from './native.js'
import { askForStaple, checkOcspMode, stapler } from './ocsp.js'
import {
  type ClientOptions,
  type ContextOptions,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type ServerOptions,
} from './options.js'
import { Resumption } from './resumption.js'
import { type Chooser, checkedPeerCheck, chooserFor } from './server-names.js'

/** What a side of a connection needs, checked and made before there is a connection. */
export interface Side {
  readonly handshakeTimeoutMs: number
  makeEngine(): NativeEngine
  readonly keyLog: ((lines: string) => void) | undefined
  /** The socket of a peer that speaks no TLS stays open: somebody wants to tell it. */
  readonly keepsNotTls?: boolean
  /** Of a client. */
  readonly resumption?: Resumption
  readonly choose?: Chooser | undefined
  readonly checkPeer?: ContextOptions['checkPeer']
}

/** `host` and `port`: what is connected to. */
export function clientSide(options: ClientOptions, host?: string, port?: number): Side {
  const { verify = true, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options
  if (typeof verify !== 'boolean' && verify !== 'chain')
    throw wrongType('verify', "true, false or 'chain'", verify)
  const serverName = options.serverName ?? host
  if (serverName === undefined && verify === true)
    throw wrongType('serverName', 'a name or an address, as the certificate is to be verified', serverName)
  const name = serverName === undefined ? '' : asciiHost('serverName', serverName)
  const keyLog = keyLogSink(options.keyLog)
  const ocsp = checkOcspMode(options.ocsp ?? 'off', verify !== false)
  const context = contextFor(false, options)
  checkDuration('handshakeTimeoutMs', handshakeTimeoutMs)
  const settled = { serverName: name, isVerified: verify !== false, ocsp, options, host, port }
  return {
    handshakeTimeoutMs,
    keyLog,
    checkPeer: checkedPeerCheck(options),
    resumption: new Resumption({ contextName: contextName(context), ...settled }),
    makeEngine() {
      const engine = clientEngine(context, verify, name)
      askForStaple(engine, ocsp)
      return engine
    },
  }
}

function clientEngine(context: NativeContext, verify: boolean | 'chain', name: string): NativeEngine {
  const engine = accepted<NativeEngine>('the context', native.engineMake(context, false))
  const isAddress = isIP(name) !== 0
  // An address is never sent as a server name (RFC 6066, 3).
  if (name !== '' && !isAddress) accepted('serverName', native.engineServerName(engine, name))
  const [hostName, address] = verify === 'chain' ? ['', ''] : isAddress ? ['', name] : [name, '']
  if (verify) accepted('serverName', native.engineVerify(engine, VERIFY_REQUIRED, hostName, address))
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
    checkPeer: checkedPeerCheck(options),
    makeEngine() {
      const engine = accepted<NativeEngine>('the context', native.engineMake(context, true))
      staple?.(engine)
      if (choose !== undefined) native.engineAskForContext(engine)
      return engine
    },
  }
}
