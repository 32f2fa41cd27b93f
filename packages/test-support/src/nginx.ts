/**
 * nginx with TLS, as a server that is not ours. It answers every path with what it knows of the connection, as JSON
 * (`NginxFacts`), and serves the files it was given under `/files/`. It runs in the foreground as whoever runs the test,
 * and keeps all it writes in its folder.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './certificate.js'
import { commandPath } from './command-path.js'
import { runCommand } from './command-run.js'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface NginxOptions {
  readonly certificate: Certificate
  /** Directives for the server's block, such as `ssl_protocols TLSv1.2;`; they come after the certificate's. */
  readonly directives?: string | undefined
  /** More blocks beside the server's, such as another server for another name. `$PORT` in it is the port. */
  readonly blocks?: string | undefined
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  /** Modules to load, such as `ngx_http_brotli_filter_module`: Debian has them in packages of their own. */
  readonly modules?: readonly string[] | undefined
  /** Processes that serve. By default there is a single process and nothing to reload. */
  readonly workers?: number | undefined
}

/** What nginx answers: its own variables, empty if it has no value. */
export interface NginxFacts {
  readonly protocol: string
  readonly cipher: string
  readonly serverName: string
  readonly alpn: string
  /** `r` for a resumed session, `.` for a new one. */
  readonly reused: string
  /** `SUCCESS`, `FAILED:reason`, or `NONE`. */
  readonly clientVerify: string
}

const FACTS = {
  protocol: '$ssl_protocol',
  cipher: '$ssl_cipher',
  serverName: '$ssl_server_name',
  alpn: '$ssl_alpn_protocol',
  reused: '$ssl_session_reused',
  clientVerify: '$ssl_client_verify',
} as const satisfies NginxFacts

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startNginx(options: NginxOptions): Promise<RealServer> {
  const port = await freePort()
  const modules = await loading(options.modules ?? [])
  return await startServer({
    command: 'nginx',
    env: { OPENSSL_CONF: '/dev/null' },
    args: (folder) => ['-p', `${folder}/`, '-c', 'nginx.conf', '-e', 'stderr'],
    prepare: async (folder) => {
      await mkdir(join(folder, 'files'))
      await writeFile(join(folder, 'nginx.conf'), modules + configuration(options, port))
      await writeFile(join(folder, 'passphrase'), `${options.certificate.passphrase ?? ''}\n`)
      for (const [name, bytes] of Object.entries(options.files ?? {}))
        await writeFile(join(folder, 'files', name), bytes)
    },
    ready: { port },
  })
}

/** Directives with the paths of what nginx loads: it would look for them beside its configuration. */
async function loading(modules: readonly string[]): Promise<string> {
  if (modules.length === 0) return ''
  const { stderr } = await runCommand(commandPath('nginx'), { args: ['-V'] }, 'nginx')
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? ''
  return modules.map((name) => `load_module ${join(folder, `${name}.so`)};\n`).join('')
}

function configuration(options: NginxOptions, port: number): string {
  const { certificate, directives = '', blocks = '', workers } = options
  const processes =
    workers === undefined
      ? 'master_process off;'
      : // Workers of root's nginx become nobody, who may not look into the folder.
        `worker_processes ${workers}; ${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}`
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temporary-${name};`,
  )
  return `
daemon off;
${processes}
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  ssl_protocols TLSv1.2 TLSv1.3;
  ${temporary.join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl http2;
    server_name localhost;
    ssl_certificate ${certificate.chainPath};
    ssl_certificate_key ${certificate.keyPath};
    ${certificate.passphrase === undefined ? '' : 'ssl_password_file passphrase;'}
    ${directives}
    default_type application/json;
    location / { return 200 '${JSON.stringify(FACTS)}'; }
    location /files/ { root .; }
  }
  ${blocks.replaceAll('$PORT', `${port}`)}
}
`
}
