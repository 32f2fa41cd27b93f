/** A client that makes one TLS connection after another, eight at a time: one byte there and back on each, and an end in order. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { connect, createSecureContext } from 'node:tls'
import { type TlsSession, tls } from '@shrapnel/tls'
import { chosen, finish, programArguments } from './program.js'

const AT_ONCE = 8
const BYTE = Buffer.from('p')

interface Parameters {
  readonly kind: 'full' | 'resumed'
  readonly port: number
  readonly cert: string
  readonly timeMs: number
}

const { contestant, parameters } = programArguments<Parameters>()
const { kind, port, timeMs } = parameters
const ca = readFileSync(parameters.cert)
const isResumed = kind === 'resumed'

/** Each connection brings the session for the next of its line. */
async function ours(): Promise<() => Promise<void>> {
  let session: TlsSession | undefined
  return async () => {
    const stream = await tls.connect('localhost', port, { ca, session, sessions: 'none' })
    if (stream.facts.isResumed !== (session !== undefined)) throw new Error('not as it was asked for')
    await stream.send(BYTE)
    await stream.recv()
    if (isResumed) session = stream.takeSession()
    stream.close()
  }
}

async function node(): Promise<() => Promise<void>> {
  const secureContext = createSecureContext({ ca })
  let session: Buffer | undefined
  return async () => {
    const socket = connect({
      host: 'localhost',
      port,
      secureContext,
      ...(session === undefined ? {} : { session }),
    })
    if (isResumed)
      socket.on('session', (given) => {
        session = given
      })
    await once(socket, 'secureConnect')
    if (
      socket.isSessionReused() !== (session !== undefined && isResumed) &&
      isResumed &&
      session === undefined
    )
      throw new Error('not as it was asked for')
    socket.write(BYTE)
    await once(socket, 'data')
    socket.end()
    await once(socket, 'close')
  }
}

const makeLine = chosen({ ours, 'node:tls': node }, contestant)

/** How many were made, by eight lines, until the time is up. */
async function run(lines: readonly (() => Promise<void>)[], forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let made = 0
  const work = async (line: () => Promise<void>): Promise<void> => {
    while (performance.now() < until) {
      await line()
      made++
    }
  }
  await Promise.all(lines.map(work))
  return made
}

const lines = await Promise.all(Array.from({ length: AT_ONCE }, makeLine))
await run(lines, timeMs)
const cpu = process.cpuUsage()
const started = performance.now()
const made = await run(lines, timeMs)
const { user, system } = process.cpuUsage(cpu)
finish({
  perSecond: (made * 1_000) / (performance.now() - started),
  cpuUsEach: (user + system) / made,
})
