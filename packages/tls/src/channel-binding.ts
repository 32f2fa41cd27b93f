/** What ties another protocol's authentication to this very connection, so that nobody in between can pass it on. */
import { checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { accepted, TlsError } from './errors.js'
import { type NativeEngine, native } from './native.js'

export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point'

/** RFC 9266, 2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
const EXPORTER_BYTES = 32
/** What TLS 1.3 can derive at most: 255 outputs of its hash (RFC 5869), the smaller one's. */
const MOST_BYTES = 255 * 32
/** A label shares one byte of length with `tls13 ` (RFC 8446, 7.1). */
const MOST_LABEL_BYTES = 249
const EMPTY = new Uint8Array(1).subarray(0, 0)

export function exportKeyingMaterial(
  engine: NativeEngine,
  label: string,
  length: number,
  context: Uint8Array | undefined,
): Buffer {
  if (typeof label !== 'string') throw wrongType('label', 'text', label)
  if (label === '' || Buffer.byteLength(label) > MOST_LABEL_BYTES)
    throw outOfRange('label', `1 to ${MOST_LABEL_BYTES} bytes of text`, JSON.stringify(label))
  if (context !== undefined && !(context instanceof Uint8Array))
    throw wrongType('context', 'a Uint8Array', context)
  checkInteger('length', length, 1, MOST_BYTES)
  return exported(engine, label, length, context).material
}

export function serverEndPoint(engine: NativeEngine): Buffer | undefined {
  const hash = native.engineServerEndPoint(engine)
  return hash.length === 0 ? undefined : hash
}

export function channelBinding(engine: NativeEngine, type: ChannelBindingType): Buffer {
  if (type === 'tls-server-end-point') {
    const hash = serverEndPoint(engine)
    if (hash !== undefined) return hash
    throw new TlsError(
      'TLS_CHANNEL_BINDING',
      "tls-server-end-point is not defined for the server's certificate: its signature names no hash (RFC 5929, 4.1)",
    )
  }
  if (type !== 'tls-exporter')
    throw outOfRange('type', "'tls-exporter' or 'tls-server-end-point'", JSON.stringify(type))
  const { material, isUnique } = exported(engine, EXPORTER_LABEL, EXPORTER_BYTES, EMPTY)
  if (isUnique) return material
  throw new TlsError(
    'TLS_CHANNEL_BINDING',
    'tls-exporter needs TLS 1.3 or the extended master secret, which the peer does not have (RFC 9266, 3)',
  )
}

function exported(
  engine: NativeEngine,
  label: string,
  length: number,
  context: Uint8Array | undefined,
): { readonly material: Buffer; readonly isUnique: boolean } {
  const material = Buffer.alloc(length)
  const result = native.engineExport(engine, material, label, context ?? EMPTY, context !== undefined)
  return { material, isUnique: accepted('the exporter', result) === 1 }
}
