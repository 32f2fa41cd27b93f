/** The `curl` command as a client that is not ours, for what is served over TLS: `code` 0, or why not (curl(1)). */
import { commandPath } from './command-path.js'
import { type CommandOptions, type CommandResult, runCommand } from './command-run.js'

/** Below the limit for the process, so that curl itself says how far it came. */
const MAX_SECONDS = 6

export interface CurlOptions extends CommandOptions {
  /** Whom it trusts, and nobody else; without, what the system trusts. */
  readonly authority?: { readonly certificatePath: string } | undefined
  /** A client certificate. */
  readonly certificate?: CurlIdentity | undefined
}

export interface CurlIdentity {
  readonly chainPath: string
  readonly keyPath: string
  readonly passphrase: string | undefined
}

/** Fetches `url`. No proxy, no `.curlrc`, no progress; `args` come before the URL. */
export async function curl(
  url: string,
  { authority, certificate, ...options }: CurlOptions = {},
): Promise<CommandResult> {
  const trust = authority === undefined ? [] : ['--cacert', authority.certificatePath]
  const identity = certificate === undefined ? [] : identityArgs(certificate)
  // -q works as the first one only.
  const own = ['-q', '--silent', '--show-error', '--noproxy', '*', '--max-time', `${MAX_SECONDS}`]
  const args = [...own, ...trust, ...identity, ...(options.args ?? []), url]
  const env = {
    CURL_CA_BUNDLE: undefined,
    SSL_CERT_FILE: undefined,
    OPENSSL_CONF: '/dev/null',
    // Debian's curl hangs at its start under the address sanitizer, which tests of addons preload.
    LD_PRELOAD: undefined,
    ...options.env,
  }
  return await runCommand(commandPath('curl'), { ...options, args, env }, 'curl')
}

function identityArgs({ chainPath, keyPath, passphrase }: CurlIdentity): string[] {
  const pass = passphrase === undefined ? [] : ['--pass', passphrase]
  return ['--cert', chainPath, '--key', keyPath, ...pass]
}
