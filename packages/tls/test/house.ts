/** What most tests need: an authority, a server certificate, and two connected ends. */

import { memoryStreamPair, type Stream, socketPair, tcp } from '@shrapnel/core'
import { type CertificateAuthority, makeCertificateAuthority } from '@shrapnel/test-support'
import { afterAll, beforeAll } from 'vitest'
import type { ClientOptions, ServerOptions } from '../src/options.js'
import type { TlsStream } from '../src/tls-stream.js'
import { upgrade } from '../src/upgrade.js'

export interface House {
  readonly authority: CertificateAuthority
  /** A server for `localhost`, `127.0.0.1` and `::1`. */
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly ca: string; readonly serverName: string }
}

/** Made before the tests of a file, gone after them. */
export function house(): House {
  let authority: CertificateAuthority
  let server: House['server']
  beforeAll(async () => {
    authority = await makeCertificateAuthority()
    const certificate = await authority.issue()
    server = { cert: certificate.chainPem, key: certificate.keyPem }
  }, 60_000)
  afterAll(() => authority.close())
  return {
    get authority() {
      return authority
    },
    get server() {
      return server
    },
    get client() {
      return { ca: authority.certificatePem, serverName: 'localhost' }
    },
  }
}

/** A client and a server on the two ends. */
export async function secured(
  [left, right]: readonly [Stream, Stream],
  { client, server }: House,
  options: { readonly client?: ClientOptions; readonly server?: Partial<ServerOptions> } = {},
): Promise<readonly [TlsStream, TlsStream]> {
  return Promise.all([
    upgrade(left, { ...client, ...options.client }),
    upgrade(right, { ...server, ...options.server, isServer: true }),
  ])
}

async function tcpPair(): Promise<readonly [Stream, Stream]> {
  const listener = tcp.listen({ port: 0 })
  const client = await tcp.connect('127.0.0.1', listener.port)
  const accepted = await listener.accept()
  listener.close()
  return [client, accepted]
}

/** Everything that TLS can run on, by name. */
export const TRANSPORTS: readonly (readonly [
  name: string,
  connect: (house: House) => Promise<readonly [Stream, Stream]>,
])[] = [
  ['TCP sockets', tcpPair],
  ['UNIX sockets', async () => socketPair()],
  ['streams in memory', async () => memoryStreamPair()],
  ['TLS streams', async (inside) => secured(await tcpPair(), inside)],
]
