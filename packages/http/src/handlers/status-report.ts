/**
 * What a status page shows: the coroutines as a list, the parents before their children, and a few facts
 * about the process.
 */
import { type CoroutineFacts, whereAll } from '@shrapnel/core'

export interface StatusRow {
  readonly id: number
  readonly parentId: number
  readonly depth: number
  readonly name: string
  readonly state: string
  readonly isDaemon: boolean
  readonly ageMs: number
  readonly cpuMs: number
  readonly waits: readonly { readonly on: string; readonly ageMs: number }[]
}

export interface StatusReport {
  readonly title: string
  readonly at: string
  readonly pid: number
  readonly node: string
  readonly uptimeMs: number
  readonly memoryBytes: { readonly resident: number; readonly heap: number }
  /** All there are; `coroutines` has the first of them. */
  readonly count: number
  readonly coroutines: readonly StatusRow[]
}

export function statusReport(title: string, maxRows: number): StatusReport {
  const rows: StatusRow[] = []
  let count = 0
  // A list and not a tree: trees get deeper than recursion goes, here and wherever it is read.
  const stack: [facts: CoroutineFacts, depth: number][] = [[whereAll(), 0]]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [{ children, ...facts }, depth] = top
    count++
    if (rows.length < maxRows) rows.push({ ...facts, depth })
    for (let i = children.length - 1; i >= 0; i--) stack.push([children[i] as CoroutineFacts, depth + 1])
  }
  const { rss, heapUsed } = process.memoryUsage()
  return {
    title,
    at: new Date().toISOString(),
    pid: process.pid,
    node: process.version,
    uptimeMs: Math.round(process.uptime() * 1000),
    memoryBytes: { resident: rss, heap: heapUsed },
    count,
    coroutines: rows,
  }
}
