/** Many ask for one name whose server takes its time: how many queries reach the server, and when the last one has his answer. */
import { performance } from 'node:perf_hooks'
import { sleep, spawn, UdpSocket } from '@shrapnel/core'
import { Resolver, Servers } from '@shrapnel/dns'
import { decodeMessage, encodeMessage } from '@shrapnel/dns/wire'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly askers: number
  readonly delayMs: number
}

const NAME = 'slow.example.com'
const ADDRESS = '192.0.2.1'

/** A name server of one name, which counts what it receives. */
class SlowServer {
  queries = 0
  readonly #socket = new UdpSocket()
  readonly #delayMs: number

  constructor(delayMs: number) {
    this.#delayMs = delayMs
    spawn({ name: 'slow server', daemon: true }, () => this.#serve())
  }

  get port(): number {
    return this.#socket.address.port as number
  }

  async #serve(): Promise<void> {
    for await (const { data, from } of this.#socket) {
      this.queries++
      spawn(async () => {
        await sleep(this.#delayMs)
        const query = decodeMessage(data)
        const answers = query.questions.map(
          ({ name }) => ({ name, type: 'A', class: 'IN', ttl: 60, data: { address: ADDRESS } }) as const,
        )
        const reply = { ...query, isResponse: true, recursionAvailable: true, answers, edns: undefined }
        await this.#socket.sendTo(encodeMessage(reply), from.address as string, from.port as number)
      })
    }
  }
}

type Ask = () => Promise<string | undefined>

async function ours(port: number): Promise<Ask> {
  const resolver = new Resolver(new Servers({ servers: [`127.0.0.1:${port}`] }))
  return async () => (await resolver.resolve(NAME, 'A')).records[0]?.data.address
}

const contestants = { ours }
const { contestant, parameters } = programArguments<Parameters>()
const server = new SlowServer(parameters.delayMs)
const ask = await chosen<(port: number) => Promise<Ask>>(contestants, contestant)(server.port)
const startedMs = performance.now()
const askers = Array.from({ length: parameters.askers }, () => spawn(ask))
let wrong = 0
for (const asker of askers) {
  const address = await asker.join().catch(() => undefined)
  if (address !== ADDRESS) wrong++
}
finish({ queries: server.queries, elapsedMs: performance.now() - startedMs, wrong })
