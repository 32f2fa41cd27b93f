/** TLS on a connection that is there already: STARTTLS, and what `connect` and `listen` do with theirs. */
import { BufferedReader, now, type RawSocket, Socket, type Stream, withTimeout } from '@shrapnel/core'
import { checkOptionNames, checkOptions, currentScope, wrongType } from '@shrapnel/core/parts'
import { DescriptorPump } from './descriptor-pump.js'
import { TlsError } from './errors.js'
import { outcomeOf } from './foreign.js'
import { native } from './native.js'
import { UPGRADE_CLIENT_NAMES, UPGRADE_SERVER_NAMES } from './option-names.js'
import type { ClientOptions, ServerOptions } from './options.js'
import type { Pump } from './pump.js'
import { RecordPump } from './record-pump.js'
import { clientSide, type Side, serverSide } from './side.js'
import { TlsStream } from './tls-stream.js'

/** Which side we are, and how it is to be. */
export type UpgradeOptions =
  | (ClientOptions & { readonly isServer?: false })
  | (ServerOptions & { readonly isServer: true })

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
  checkOptionNames(options, options.isServer === true ? UPGRADE_SERVER_NAMES : UPGRADE_CLIENT_NAMES)
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
  let secured: TlsStream
  try {
    if (side.choose === undefined && side.checkPeer === undefined) {
      // Nobody is asked anything: there is only the handshake to be waited for.
      await withTimeout(side.handshakeTimeoutMs, () => pump.handshake())
      secured = new TlsStream(pump, now() - since, stream)
    } else secured = await withTimeout(side.handshakeTimeoutMs, judged, pump, side, since, stream)
  } catch (error) {
    sessions?.gaveUp()
    throw error
  }
  if (!secured.isClosed) sessions?.established(secured.isResumed)
  pump.sessions = sessions
  return secured
}

/** The handshake, and what is thought of the peer: by the context that was chosen for it, or else by the side. */
async function judged(pump: Pump, side: Side, since: number, transport: Stream): Promise<TlsStream> {
  let { checkPeer } = side
  await pump.handshake(async (engine) => {
    checkPeer = (await side.choose?.(engine))?.checkPeer ?? checkPeer
  })
  const made = new TlsStream(pump, now() - since, transport)
  try {
    await outcomeOf(checkPeer?.(made))
  } catch (error) {
    made.close()
    throw error
  }
  return made
}

function pumpFor(stream: Stream, side: Side): Pump {
  if (stream instanceof Socket)
    return new DescriptorPump(
      rawOf(stream),
      side.makeEngine(),
      side.resumption === undefined,
      side.keepsNotTls === true,
    )
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
