/** Asks a server to cancel what one of its backends runs: on a connection of its own, to the same address and with TLS if that has it. */
import type { SocketAddress, Stream } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import { encodeCancelRequest, MessageWriter } from '../wire/index.js'
import { asksForTls, secured } from './encryption.js'
import { limited } from './open-failure.js'
import type { ResolvedConnect } from './resolved-connect.js'
import { placeText, type ServerPlace } from './server-place.js'
import { needTls } from './tls-package.js'
import { openTransport } from './transport.js'

export interface CancelTarget {
  readonly resolved: ResolvedConnect
  /** Where the backend was reached, to the address. */
  readonly place: ServerPlace
  readonly isEncrypted: boolean
  readonly processId: number
  readonly secretKey: Buffer
}

/** A server says nothing here. */
const MAX_ANSWER_BYTES = 4096
/** How a server closes: it need not say close_notify, nor read ours. */
const ENDS: ReadonlySet<unknown> = new Set(['ECONNRESET', 'TRUNCATED'])

/**
 * Waits until the server has closed that connection, `connectTimeoutMs` at most: the signal was sent then. Cancelling closes it, and
 * whether the server has read the request is not known. Fails with PG_CONNECT, PG_TIMEOUT, PG_PROTOCOL; with PG_USAGE if the server gave
 * no key.
 */
export async function requestCancel(target: CancelTarget): Promise<void> {
  if (target.secretKey.length === 0)
    throw new PostgresError('PG_USAGE', 'the server gave no key to cancel with')
  const where = `${placeText(target.place)} (to cancel)`
  await limited(target.resolved.connectTimeoutMs, where, () => ask(target))
}

async function ask({ resolved, place, isEncrypted, processId, secretKey }: CancelTarget): Promise<void> {
  const writer = new MessageWriter(64)
  encodeCancelRequest(writer, processId, secretKey)
  const socket = await openTransport(place, { ...resolved.keepAlive, isOn: false })
  let stream: Stream = socket
  try {
    if (isEncrypted && place.kind === 'tcp') {
      if (resolved.tls.negotiation === 'postgres' && !(await asksForTls(socket)))
        throw new PostgresError('PG_CONNECT', 'the server had TLS before, and has none now')
      const tls = await needTls('a cancel over TLS')
      ;({ stream } = await secured(tls, socket, place.host, resolved.tls))
    }
    await stream.send(writer.take())
    await untilClosed(stream)
  } finally {
    stream.close()
    socket.close()
  }
}

async function untilClosed(stream: Stream): Promise<void> {
  let count = 0
  try {
    for (;;) {
      const { length } = await stream.recv()
      if (length === 0) return
      count += length
      if (count > MAX_ANSWER_BYTES)
        throw new PostgresError('PG_PROTOCOL', 'the server answers a request to cancel, which has no answer')
    }
  } catch (error) {
    if (!ENDS.has((error as { readonly code?: unknown }).code)) throw error
  }
}

/** The same server again, not merely the same name: that may lead somewhere else by now. */
export function sameAddress(place: ServerPlace, peer: SocketAddress | undefined): ServerPlace {
  if (place.kind === 'unix' || peer === undefined) return place
  return { ...place, address: peer.address }
}
