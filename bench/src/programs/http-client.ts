/** GETs of thirteen bytes over a number of connections, so many under way on each, as fast as a client can. */
import type { Dispatcher } from 'undici'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly port: number
  readonly connections: number
  readonly depth: number
  readonly timeMs: number
}

const LENGTH = 13

/** One request with its answer: how long the body was. */
type Ask = () => Promise<number>

async function ours({ port, connections, depth }: Parameters): Promise<Ask> {
  const { createClient } = await import('@shrapnel/http')
  const client = createClient({ proxy: 'none', maxConnectionsPerOrigin: connections, pipelining: depth })
  const url = `http://127.0.0.1:${port}/`
  return async () => {
    const response = await client.get(url)
    return (await response.text()).length
  }
}

/** As its README has it: a Pool with so many connections, and `request`. Version 8 needs Node 22.19: before, it is version 7. */
async function undici({ port, connections, depth }: Parameters): Promise<Ask> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > 22 || (major === 22 && minor >= 19)
  const { Pool } = isNew
    ? await import('undici')
    : ((await import('undici-7')) as unknown as typeof import('undici'))
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: depth })
  const options: Dispatcher.RequestOptions = { path: '/', method: 'GET' }
  return async () => {
    const { body } = await pool.request(options)
    return (await body.text()).length
  }
}

/** No pipelining: it has none. */
async function nodeHttp({ port, connections }: Parameters): Promise<Ask> {
  const { Agent, get } = await import('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return () =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/', agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => resolve(text.length))
        response.on('error', reject)
      }).on('error', reject)
    })
}

const { contestant, parameters } = programArguments<Parameters>()
const { connections, depth, timeMs } = parameters
const ask = await chosen({ ours, undici, 'node:http': nodeHttp }, contestant)(parameters)

let answers = 0
let isOver = false
async function loop(): Promise<void> {
  while (!isOver) {
    const length = await ask()
    if (length !== LENGTH) throw new Error(`the answer has ${length} bytes`)
    answers++
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const loops = Promise.all(Array.from({ length: connections * depth }, loop))
// Until code is compiled and connections are there.
await Promise.race([after(timeMs / 2), loops])
const [count, time, cpu] = [answers, performance.now(), process.cpuUsage()]
await Promise.race([after(timeMs), loops])
const [asked, elapsedMs, { user, system }] = [
  answers - count,
  performance.now() - time,
  process.cpuUsage(cpu),
]
isOver = true
finish({ perSecond: (asked * 1_000) / elapsedMs, cpuUsEach: (user + system) / asked })
