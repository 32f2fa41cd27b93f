/** A TLS connection to a host. */
import { tcp } from '@shrapnel/core'
import { checkOptionNames } from '@shrapnel/core/parts'
import { asciiHost } from './host-name.js'
import { CONNECT_NAMES } from './option-names.js'
import type { ConnectOptions } from './options.js'
import { clientSide } from './side.js'
import type { TlsStream } from './tls-stream.js'
import { secure } from './upgrade.js'

/**
 * Connects to `host`, an address or a name, which must also be what the certificate is for unless `serverName` or `verify: false`
 * says otherwise. Waits for lookup, connection and handshake; cancelling leaves nothing open. Fails with `ECONNREFUSED`,
 * `ENOTFOUND`, …, and as `upgrade` does.
 */
export async function connect(host: string, port: number, options: ConnectOptions = {}): Promise<TlsStream> {
  checkOptionNames(options, CONNECT_NAMES)
  const side = clientSide(options, host, port)
  const { connectTimeoutMs, noDelay, localAddress } = options
  const socket = await tcp.connect(asciiHost('host', host), port, {
    ...(connectTimeoutMs === undefined ? {} : { timeoutMs: connectTimeoutMs }),
    ...(noDelay === undefined ? {} : { noDelay }),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  return secure(socket, side)
}
