/** One large result: how long it takes when the code is compiled, or how much memory it takes in a process that has seen no other. */
import { performance } from 'node:perf_hooks'
import { checkRows, type Place } from '../postgres/work.js'
import { loadClient } from './postgres-client.js'
import { finish, programArguments } from './program.js'

interface Parameters extends Place {
  readonly what: 'time' | 'memory'
  readonly rows: number
  readonly repeat: number
}

const { contestant, parameters } = programArguments<Parameters>()
const { host, port, what, rows, repeat } = parameters
const ask = await (await loadClient(contestant)).rows({ host, port })

if (what === 'memory') {
  await ask(10)
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  const result = await ask(rows)
  const peakMb = (process.resourceUsage().maxRSS * 1024 - before) / 1e6
  checkRows(result, rows)
  finish({ peakMb })
}

checkRows(await ask(rows), rows)
await ask(rows)
const times: number[] = []
const cpu = process.cpuUsage()
for (let i = 0; i < repeat; i++) {
  const started = performance.now()
  await ask(rows)
  times.push(performance.now() - started)
}
const { user, system } = process.cpuUsage(cpu)
times.sort((a, b) => a - b)
finish({ ms: times[times.length >>> 1] ?? 0, cpuMs: (user + system) / repeat / 1_000 })
