/** Every benchmark, in the order in which they are listed. A new one is added here and nowhere else. */
import type { Benchmark } from '../benchmark.js'
import { channel } from './channel.js'
import { fairness } from './fairness.js'
import { idle } from './idle.js'
import { spawn } from './spawn.js'
import { tcpEcho } from './tcp-echo.js'
import { tcpStream } from './tcp-stream.js'
import { timeout } from './timeout.js'
import { tlsBulk } from './tls-bulk.js'
import { tlsEcho } from './tls-echo.js'
import { tlsHandshake } from './tls-handshake.js'
import { tlsIdle } from './tls-idle.js'

export const BENCHMARKS: readonly Benchmark[] = [
  tcpEcho,
  tcpStream,
  idle,
  spawn,
  timeout,
  channel,
  fairness,
  tlsEcho,
  tlsBulk,
  tlsHandshake,
  tlsIdle,
]
