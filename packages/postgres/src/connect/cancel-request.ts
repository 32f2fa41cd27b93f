/** Asks a server to cancel what one of its backends runs: on a connection of its own, to the same address and with TLS if that has it. */

import type { SocketAddress } from '@shrapnel/core'
import { isDisconnect, withTimeout } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import { encodeCancelRequest, MessageWriter } from '../wire/index.js'
import type { Opened } from './attempts.js'
import { asksForTls, secured } from './encryption.js'
import { openFailure } from './open-failure.js'
import { placeText, type ServerPlace } from './server-place.js'
import { needTls } from './tls-package.js'
import { openTransport } from './transport.js'

/** A server says nothing here. */
const MAX_ANSWER_BYTES = 4096

/**
 * Waits until the server has closed that connection, `connectTimeoutMs` at most: the signal was sent then. Cancelling closes it, and
 * whether the server has read the request is not known. Fails with PG_CONNECT, PG_TIMEOUT, PG_PROTOCOL; with PG_USAGE if the server gave
 * no key.
 */
export async function requestCancel({ login, session }: Opened, place: ServerPlace): Promise<void> {
  const { connectTimeoutMs } = login.resolved
  if (session.secretKey.length === 0)
    throw new PostgresError('PG_USAGE', 'the server gave no key to cancel with')
  try {
    await withTimeout(connectTimeoutMs, ask, login, session, place)
  } catch (error) {
    throw openFailure(error, `${placeText(place)} (to cancel)`)
  }
}

async function ask(login: Opened['login'], session: Opened['session'], place: ServerPlace): Promise<void> {
  const { resolved, isEncrypted } = login
  const writer = new MessageWriter(64)
  encodeCancelRequest(writer, session.processId, session.secretKey)
  const socket = await openTransport(place, { ...resolved.keepAlive, isOn: false })
  let stream: Opened['login']['stream'] = socket
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

async function untilClosed(stream: Opened['login']['stream']): Promise<void> {
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
    // The server need not say close_notify, nor wait for ours.
    if (!isDisconnect(error) && (error as { readonly code?: unknown }).code !== 'TRUNCATED') throw error
  }
}

/** The same server again, not merely the same name: that may lead somewhere else by now. */
export function sameAddress(place: ServerPlace, peer: SocketAddress | undefined): ServerPlace {
  if (place.kind === 'unix' || peer === undefined || !('address' in peer)) return place
  return { ...place, address: peer.address }
}
