/** Small statements by the second: `select`, `insert` or `transfer`, in so many loops at once. */
import type { Client, Place, Transfer } from '../postgres/work.js'
import { loadClient, rateOf } from './postgres-client.js'
import { chosen, finish, programArguments } from './program.js'

interface Parameters extends Place {
  readonly work: string
  readonly atOnce: number
  readonly timeMs: number
  /** Of pgbench's tables. */
  readonly scale: number
}

const AT = new Date('2026-11-21T13:37:00Z')
const TELLERS = 10
const ACCOUNTS = 100_000
const MOST_DELTA = 5_000

const { contestant, parameters } = programArguments<Parameters>()
const { host, port, work, atOnce, timeMs, scale } = parameters
const place: Place = { host, port }

async function select(client: Client): Promise<() => Promise<void>> {
  const ask = await client.select(place)
  let value = 0
  return async () => {
    const asked = value++
    if ((await ask(asked)) !== asked) throw new Error('not the value that was asked for')
  }
}

async function insert(client: Client): Promise<() => Promise<void>> {
  const ask = await client.insert(place)
  let id = 0
  return async () => {
    const made = await ask({ id: id++, name: `name ${id}`, price: '12.34', at: AT })
    if (made !== 1) throw new Error(`${String(made)} rows were made`)
  }
}

function below(count: number): number {
  return Math.floor(Math.random() * count)
}

async function transfer(client: Client): Promise<() => Promise<void>> {
  const ask = await client.transfer(place, atOnce)
  return async () => {
    const one: Transfer = {
      aid: 1 + below(ACCOUNTS * scale),
      tid: 1 + below(TELLERS * scale),
      bid: 1 + below(scale),
      delta: below(2 * MOST_DELTA + 1) - MOST_DELTA,
    }
    if (typeof (await ask(one)) !== 'number') throw new Error('an account without a balance')
  }
}

const step = await chosen({ select, insert, transfer }, work)(await loadClient(contestant))
finish(await rateOf(contestant, atOnce, timeMs, step))
