/**
 * `openssl s_server` as a TLS server that is not ours, on a port of the kernel's. It serves one connection after the
 * other; what is received is in `output()`, what is written goes to the peer. A line that begins with a command letter
 * is a command (openssl-s_server(1)): `k` KeyUpdate, `K` KeyUpdate that asks for one, `r` and `R` renegotiation, `q`
 * ends the connection, `Q` the server. What it reads together with a command is lost: wait for what the command prints
 * (`SSL_do_handshake`) before writing on. With `-rev` in `args` it answers each line reversed, with `-www` it speaks HTTP.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificate.js'
import { commandPath } from './command-path.js'
import { type RealServer, startServer } from './real-server.js'

export interface OpensslServerOptions {
  readonly certificate: Certificate
  /** False: the server forgets the intermediates. */
  readonly sendsChain?: boolean | undefined
  /** Asks for client certificates of this authority, and refuses without one. */
  readonly clientAuthority?: { readonly certificatePath: string } | undefined
  /** More options of its own, such as `['-tls1_2', '-alpn', 'h2']`. */
  readonly args?: readonly string[] | undefined
}

/** It is ready when the call returns; `port` is on 127.0.0.1. */
export function startOpensslServer(options: OpensslServerOptions): Promise<RealServer> {
  const { certificate, clientAuthority, sendsChain = true } = options
  const intermediatesPem = certificate.chainPem.slice(certificate.certificatePem.length)
  return startServer({
    // What s_server says of commands goes through stdio, which keeps it back when it writes into a pipe.
    command: 'stdbuf',
    input: 'pipe',
    env: { OPENSSL_CONF: '/dev/null' },
    // The option takes what follows the certificate; with the certificate in it, that would be sent twice.
    prepare: (folder) => writeFile(join(folder, 'intermediates.pem'), intermediatesPem),
    args: [
      ...['-oL', commandPath('openssl'), 's_server', '-accept', '127.0.0.1:0'],
      ...['-cert', certificate.certificatePath, '-key', certificate.keyPath],
      ...(certificate.passphrase === undefined ? [] : ['-pass', `pass:${certificate.passphrase}`]),
      ...(sendsChain && intermediatesPem !== '' ? ['-cert_chain', 'intermediates.pem'] : []),
      ...(clientAuthority === undefined
        ? []
        : ['-CAfile', clientAuthority.certificatePath, '-Verify', '9', '-verify_return_error']),
      ...(options.args ?? []),
    ],
    ready: { line: /^ACCEPT 127\.0\.0\.1:(?<port>\d+)$/ },
  })
}
