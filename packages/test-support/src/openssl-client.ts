/**
 * `openssl s_client` as a TLS client that is not ours. What is received is in `output()`, what is written goes to the
 * peer. A line that begins with a command letter is a command (openssl-s_client(1)): `k` KeyUpdate, `K` KeyUpdate that
 * asks for one, `R` renegotiation, `Q` ends it. What it reads together with a command is lost: wait for what the command prints
 * (`KEYUPDATE`, `RENEGOTIATING`) before writing on. `-nocommands` or `-quiet` in `args` leave lines alone.
 */
import type { Certificate } from './certificate.js'
import { type RealServer, startServer } from './real-server.js'

export interface OpensslClientOptions {
  readonly port: number
  /** 127.0.0.1 by default. */
  readonly host?: string | undefined
  /** Whom it trusts; without, it trusts nobody and says so in `verifyError`, but goes on. */
  readonly authority?: { readonly certificatePath: string } | undefined
  /** For SNI, and for the check of the name. `localhost` by default. */
  readonly servername?: string | undefined
  /** A client certificate. */
  readonly certificate?: Certificate | undefined
  /** More options of its own, such as `['-starttls', 'smtp']`. */
  readonly args?: readonly string[] | undefined
}

/** What the client has seen of a handshake. */
export interface OpensslHandshake {
  /** As OpenSSL writes it: `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL's name of it. */
  readonly cipher: string
  readonly isResumed: boolean
  readonly alpn: string | undefined
  /** X509_V_ERR_…; 0 if the certificate is good and the name is in it. */
  readonly verifyError: number
  readonly verifyReason: string
}

export interface OpensslClient extends RealServer {
  /** Waits for the handshake. Rejects with `exited-early` if it, or connecting, fails: `output` has the reason. */
  handshake(): Promise<OpensslHandshake>
}

/** It has been started when the call returns; connection and handshake are under way. */
export async function startOpensslClient(options: OpensslClientOptions): Promise<OpensslClient> {
  const { authority, certificate, host = '127.0.0.1', servername = 'localhost' } = options
  const client = await startServer({
    command: 'openssl',
    input: 'pipe',
    env: { OPENSSL_CONF: '/dev/null' },
    args: [
      ...[
        's_client',
        '-connect',
        host.includes(':') ? `[${host}]:${options.port}` : `${host}:${options.port}`,
      ],
      ...['-servername', servername, '-verify_hostname', servername],
      ...(authority === undefined ? ['-no-CAfile', '-no-CApath'] : ['-CAfile', authority.certificatePath]),
      ...(certificate === undefined ? [] : certificateArgs(certificate)),
      ...(options.args ?? []),
    ],
    ready: { started: true },
  })
  return Object.assign(client, { handshake: () => handshakeOf(client) })
}

function certificateArgs({ certificatePath, chainPath, keyPath, passphrase }: Certificate): string[] {
  const pass = passphrase === undefined ? [] : ['-pass', `pass:${passphrase}`]
  return ['-cert', certificatePath, '-cert_chain', chainPath, '-key', keyPath, ...pass]
}

async function handshakeOf(client: RealServer): Promise<OpensslHandshake> {
  // After a failure it says `(NONE)`, and that all is well with a certificate that never came; then it ends.
  const [, how, protocol = '', cipher = ''] = await client.until(/^(New|Reused), (\w\S+), Cipher is (\w\S+)$/)
  const [, code, reason = ''] = await client.until(/^ *Verify return code: (\d+) \((.*)\)$/)
  // This is the last line of it: what came before is there.
  const alpn = /^ALPN protocol: (.*)$/m.exec(client.output())?.[1]
  return {
    protocol,
    cipher,
    isResumed: how === 'Reused',
    alpn,
    verifyError: Number(code),
    verifyReason: reason,
  }
}
