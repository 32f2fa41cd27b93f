/**
 * Looks names up that are known, as often as it can, in a coroutine: how many in a second of processor time, which other programs on the machine
 * change less than the time that passes. No server is asked; what is known was put there by a function.
 */
import { performance } from 'node:perf_hooks'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly names: number
  readonly spelling: 'plain' | 'capitals'
  /** `await`: as everybody writes. `value`: a promise is awaited only where there is one. */
  readonly taking: 'await' | 'value'
  readonly timeMs: number
}

type Result = { readonly records: readonly unknown[] }
type Lookup = (name: string) => Result | Promise<Result>

const LOOKUPS = 1_000
const TTL_SECONDS = 86_400

async function ours(): Promise<Lookup> {
  const { Resolver } = await import('@shrapnel/dns')
  const resolver = new Resolver({
    async ask(question) {
      const record = { name: question.name, type: 'A', class: 'IN', ttl: TTL_SECONDS } as const
      const answers = ['192.0.2.1', '192.0.2.2'].map((address) => ({ ...record, data: { address } }))
      const flags = {
        isAuthoritative: false,
        isTruncated: false,
        isAuthenticData: false,
        checkingDisabled: false,
      }
      const message = {
        ...{ id: 1, isResponse: true, opcode: 'QUERY', rcode: 'NOERROR', ...flags },
        ...{ recursionDesired: true, recursionAvailable: true, questions: [question] },
        ...{ answers, authorities: [], additionals: [], edns: undefined },
      }
      return { message, server: '192.0.2.53:53', transport: 'udp', elapsedMs: 1 }
    },
  })
  return (name) => resolver.resolve(name, 'A')
}

/** The least that remembers anything: no times, no limit, no other type, nothing that could be cancelled. */
async function mapOfPromises(): Promise<Lookup> {
  const known = new Map<string, Promise<Result>>()
  return (name) => {
    let answer = known.get(name)
    if (answer === undefined) {
      answer = Promise.resolve({ records: ['192.0.2.1', '192.0.2.2'] })
      known.set(name, answer)
    }
    return answer
  }
}

const contestants = { ours, 'a Map of promises': mapOfPromises }
const { contestant, parameters } = programArguments<Parameters>()
const lookup = await chosen<() => Promise<Lookup>>(contestants, contestant)()
const names = Array.from({ length: parameters.names }, (_, i) => {
  const name = `host-${i}.example.com`
  return parameters.spelling === 'plain' ? name : `${name.toUpperCase()}.`
})

async function awaited(): Promise<void> {
  for (let i = 0; i < LOOKUPS; i++) {
    const { records } = await lookup(names[i % names.length] as string)
    if (records.length !== 2) throw new Error('a wrong answer')
  }
}

async function taken(): Promise<void> {
  for (let i = 0; i < LOOKUPS; i++) {
    const answer = lookup(names[i % names.length] as string)
    const { records } = answer instanceof Promise ? await answer : answer
    if (records.length !== 2) throw new Error('a wrong answer')
  }
}

async function run(batch: () => Promise<void>, timeMs: number): Promise<number> {
  const until = performance.now() + timeMs
  const before = process.cpuUsage()
  let lookups = 0
  while (performance.now() < until) {
    await batch()
    lookups += LOOKUPS
  }
  const { user, system } = process.cpuUsage(before)
  return (lookups * 1e6) / (user + system)
}

const { spawn } = await import('@shrapnel/core')
const batch = parameters.taking === 'await' ? awaited : taken
const perSecond = await spawn(async () => {
  await run(batch, parameters.timeMs / 3)
  return run(batch, parameters.timeMs)
}).join()
finish({ perSecond })
