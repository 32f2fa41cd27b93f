/** Every benchmark, in the order in which they are listed. A new one is added here and nowhere else. */
import type { Benchmark } from '../benchmark.js'
import { channel } from './channel.js'
import { dnsCache } from './dns-cache.js'
import { dnsCodec } from './dns-codec.js'
import { dnsQuery } from './dns-query.js'
import { dnsSame } from './dns-same.js'
import { fairness } from './fairness.js'
import { httpClient } from './http-client.js'
import { httpFile } from './http-file.js'
import { httpHello } from './http-hello.js'
import { httpHono } from './http-hono.js'
import { httpIdle } from './http-idle.js'
import { httpJson } from './http-json.js'
import { httpPost } from './http-post.js'
import { idle } from './idle.js'
import { pgCopy } from './pg-copy.js'
import { pgInsert } from './pg-insert.js'
import { pgRows } from './pg-rows.js'
import { pgSelect } from './pg-select.js'
import { pgTx } from './pg-tx.js'
import { prefork } from './prefork.js'
import { process } from './process.js'
import { sendfile } from './sendfile.js'
import { serviceLoad } from './service-load.js'
import { signals } from './signals.js'
import { spawn } from './spawn.js'
import { tcpEcho } from './tcp-echo.js'
import { tcpStream } from './tcp-stream.js'
import { timeout } from './timeout.js'
import { tlsBulk } from './tls-bulk.js'
import { tlsEcho } from './tls-echo.js'
import { tlsHandshake } from './tls-handshake.js'
import { tlsIdle } from './tls-idle.js'
import { wsEcho } from './ws-echo.js'

export const BENCHMARKS: readonly Benchmark[] = [
  tcpEcho,
  tcpStream,
  sendfile,
  prefork,
  idle,
  spawn,
  timeout,
  channel,
  fairness,
  signals,
  process,
  tlsEcho,
  tlsBulk,
  tlsHandshake,
  tlsIdle,
  dnsCodec,
  dnsQuery,
  dnsCache,
  dnsSame,
  httpHello,
  httpFile,
  httpClient,
  httpJson,
  httpHono,
  httpPost,
  httpIdle,
  wsEcho,
  pgSelect,
  pgRows,
  pgInsert,
  pgCopy,
  pgTx,
  serviceLoad,
]
