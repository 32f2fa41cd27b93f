/** A client that asks one name server for one new name after another, a hundred at a time, without any cache. */
import { Resolver } from 'node:dns/promises'
import { performance } from 'node:perf_hooks'
import { spawn } from '@shrapnel/core'
import { Servers } from '@shrapnel/dns'
import { chosen, finish, programArguments } from './program.js'

const AT_ONCE = 100

interface Parameters {
  readonly port: number
  readonly timeMs: number
}

/** Asks for the address of a name. */
type Ask = (name: string) => Promise<string | undefined>

const { contestant, parameters } = programArguments<Parameters>()
const { port, timeMs } = parameters
const address = `127.0.0.1:${port}`

function ours(): Ask {
  const servers = new Servers({ servers: [address] })
  return async (name) => {
    const { message } = await servers.ask({ name, type: 'A', class: 'IN' })
    const [answer] = message.answers
    return answer?.type === 'A' ? answer.data.address : undefined
  }
}

function node(): Ask {
  const resolver = new Resolver()
  resolver.setServers([address])
  return async (name) => (await resolver.resolve4(name))[0]
}

const ask = chosen({ ours, 'node:dns': node }, contestant)()
let asked = 0

/** How many were answered, by a hundred coroutines, until the time is up. */
async function run(forMs: number): Promise<number> {
  const until = performance.now() + forMs
  const before = asked
  const line = async (): Promise<void> => {
    while (performance.now() < until) {
      if ((await ask(`n${asked++}.example.test`)) !== '192.0.2.1') throw new Error('not the answer')
    }
  }
  const lines = Array.from({ length: AT_ONCE }, () => spawn(line))
  for (const each of lines) await each.join()
  return asked - before
}

await run(timeMs)
const cpu = process.cpuUsage()
const started = performance.now()
const made = await run(timeMs)
const { user, system } = process.cpuUsage(cpu)
finish({
  perSecond: (made * 1_000) / (performance.now() - started),
  cpuUsEach: (user + system) / made,
})
