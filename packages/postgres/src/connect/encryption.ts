/**
 * TLS before a word of ours is said. Promises: what somebody put behind the server's one-byte answer is not taken for what TLS protects
 * (CVE-2021-23222), and the text of an error that comes in its place is not believed (CVE-2024-10977).
 */
import type { Socket, Stream } from '@shrapnel/core'
import type { TlsStream } from '@shrapnel/tls'
import { PostgresError } from '../errors.js'
import { decodeEncryptionAnswer, encodeSslRequest, MessageWriter } from '../wire/index.js'
import type { TlsSettings } from './resolved-connect.js'
import { ALPN, tlsOptions } from './tls-options.js'
import type { TlsPackage } from './tls-package.js'

export interface SecuredChannel {
  readonly stream: Stream
  readonly isEncrypted: true
  readonly endPoint: Buffer | undefined
}

const REQUEST = sslRequest()

/** Whether the server will. Waits for its answer. Fails with PG_PROTOCOL, PG_CONNECT. */
export async function asksForTls(stream: Stream): Promise<boolean> {
  await stream.send(REQUEST)
  const answer = await stream.recv()
  if (answer.length === 0)
    throw new PostgresError('PG_CONNECT', 'the server closed the connection when it was asked for TLS', {
      safeToRetry: true,
    })
  const kind = decodeEncryptionAnswer(answer[0] as number, 'ssl')
  if (kind === 'error')
    throw new PostgresError('PG_CONNECT', 'the server answers with an error when it is asked for TLS', {
      safeToRetry: true,
    })
  if (answer.length > 1)
    throw new PostgresError(
      'PG_PROTOCOL',
      `${answer.length - 1} bytes came with the answer to the request for TLS: somebody may have put them there`,
    )
  return kind === 'accepted'
}

/** The handshake. The socket is closed if it fails or is cancelled. Fails with PG_OPTION, and as `tls.upgrade` does. */
export async function secured(
  tls: TlsPackage,
  socket: Socket,
  host: string,
  settings: TlsSettings,
): Promise<SecuredChannel> {
  const stream = await tls.upgrade(socket, await tlsOptions(settings, host))
  if (settings.negotiation === 'direct' && stream.alpn !== ALPN) {
    stream.close()
    throw new PostgresError(
      'PG_PROTOCOL',
      `the server speaks TLS, and does not say that it is PostgreSQL (ALPN ${ALPN})`,
    )
  }
  return { stream, isEncrypted: true, endPoint: endPointOf(stream) }
}

/** A certificate that is signed without a hash, Ed25519's, has none (RFC 5929, 4.1): SCRAM goes without PLUS then. */
function endPointOf(stream: TlsStream): Buffer | undefined {
  try {
    return stream.channelBinding('tls-server-end-point')
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'TLS_CHANNEL_BINDING') return undefined
    stream.close()
    throw error
  }
}

function sslRequest(): Buffer {
  const writer = new MessageWriter(16)
  encodeSslRequest(writer)
  return writer.take()
}
