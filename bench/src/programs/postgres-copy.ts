/** COPY of a file into a table, or of a table into a file: how long it takes from the first statement on. */
import { performance } from 'node:perf_hooks'
import type { Place } from '../postgres/work.js'
import { loadClient } from './postgres-client.js'
import { finish, programArguments } from './program.js'

interface Parameters extends Place {
  readonly direction: 'in' | 'out'
  readonly path: string
}

const { contestant, parameters } = programArguments<Parameters>()
const { host, port, direction, path } = parameters
const client = await loadClient(contestant)
const open = direction === 'in' ? client.copyIn : client.copyOut
if (open === undefined) throw new Error(`${contestant} has no COPY`)
const copy = await open({ host, port })
const started = performance.now()
await copy(path)
const ms = performance.now() - started
finish({ ms, peakMb: process.resourceUsage().maxRSS / 1024 })
