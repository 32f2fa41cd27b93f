/**
 * nginx without TLS in front of a server of the test, in the ways that proxies are set up: `/` with connections that are kept and whole bodies
 * taken before they are passed on, `/unbuffered/` with neither, `/old/` with HTTP/1.0 and a connection for each request, `/upgrade/` for
 * what takes over the connection. It passes on paths as they come.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface NginxProxyOptions {
  /** Of the server behind it, on 127.0.0.1. */
  readonly upstreamPort: number
  /** Directives for the server's block. */
  readonly directives?: string | undefined
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startNginxProxy(options: NginxProxyOptions): Promise<RealServer> {
  const port = await freePort()
  return await startServer({
    command: 'nginx',
    env: { OPENSSL_CONF: '/dev/null' },
    args: (folder) => ['-p', `${folder}/`, '-c', 'nginx.conf', '-e', 'stderr'],
    prepare: (folder) => writeFile(join(folder, 'nginx.conf'), configuration(options, port)),
    ready: { port },
  })
}

function configuration({ upstreamPort, directives = '' }: NginxProxyOptions, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path temporary-${name};`,
  )
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 0;
  ${temporary.join('\n  ')}
  upstream behind {
    server 127.0.0.1:${upstreamPort} max_fails=0;
    keepalive 8;
  }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_next_upstream off;
    ${directives}
    location / { proxy_pass http://behind; }
    location /unbuffered/ {
      proxy_pass http://behind;
      proxy_buffering off;
      proxy_request_buffering off;
    }
    location /old/ {
      proxy_pass http://behind;
      proxy_http_version 1.0;
      proxy_set_header Connection close;
    }
    location /upgrade/ {
      proxy_pass http://behind;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
    }
  }
}
`
}
