/**
 * What a Node server under test does besides serving: says its port, answers questions about its memory, and ends when
 * its standard input closes. Costs the server nothing while nobody asks.
 */
import { PerformanceObserver, constants as performanceConstants } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export interface MemoryFigures {
  readonly rssBytes: number
  readonly heapBytes: number
  /** The longest scavenge since the last question, and how many there were. */
  readonly longestScavengeMs: number
  readonly scavenges: number
}

/** Together about 300 MB: some twenty scavenges. */
const CHURN_TURNS = 200
const CHURN_PIECES_PER_TURN = 20_000

let isWatching = false
let longestScavengeMs = 0
let scavenges = 0

/** From the first question on: watching costs a callback for each scavenge. */
function watchScavenges(): void {
  if (isWatching) return
  isWatching = true
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as unknown as { readonly detail: { readonly kind: number } }).detail.kind
      if (kind !== performanceConstants.NODE_PERFORMANCE_GC_MINOR) continue
      scavenges++
      longestScavengeMs = Math.max(longestScavengeMs, entry.duration)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}

async function collectEverything(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await sleep(20)
  }
}

/** Makes short-lived garbage in small pieces and in many turns, as a program at work does. */
async function churn(): Promise<void> {
  // Stored somewhere, or the compiler would see that the pieces are never needed and make none.
  const recent: number[][] = []
  for (let turn = 0; turn < CHURN_TURNS; turn++) {
    for (let i = 0; i < CHURN_PIECES_PER_TURN; i++) recent[i % 64] = [turn, i, turn + i, turn - i]
    await sleep(0)
  }
}

async function answer(question: string): Promise<MemoryFigures> {
  watchScavenges()
  if (question === 'churn') await churn()
  if (question === 'memory') await collectEverything()
  // The observer is told in a later turn.
  await sleep(50)
  const { rss, heapUsed, external } = process.memoryUsage()
  const figures = { rssBytes: rss, heapBytes: heapUsed + external, longestScavengeMs, scavenges }
  longestScavengeMs = 0
  scavenges = 0
  return figures
}

/** `memory` collects all garbage first; `scavenges` only reports; `churn` provokes scavenges and reports. */
async function answerQuestions(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line.trim()))}\n`)
  }
  process.exit(0)
}

/** The port goes out last: whoever reads it may connect at once. */
export function announce(port: number): void {
  answerQuestions().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
  process.stdout.write(`${JSON.stringify({ port })}\n`)
}
