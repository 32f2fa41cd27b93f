/**
 * What the tests of processes look at from outside: who lives, who is a zombie. And scripts that children
 * run.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { yieldSlice } from '../../src/index.js'

const PATIENCE_MS = 8_000

/** The sanitizers' runtime may be preloaded into Node. It has signal handlers of its own, and ps hangs with it. */
export const plainEnvironment = { ...process.env, LD_PRELOAD: undefined }

function ps(...args: string[]): string[] {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', env: plainEnvironment }).trim().split('\n')
  } catch {
    return [] // There is no such process.
  }
}

/** False also for a zombie: an orphan's is for process 1 to collect, which in a container may never do so. */
export function isAlive(pid: number): boolean {
  const [state = ''] = ps('-o', 'stat=', '-p', String(pid))
  return state.trim() !== '' && !state.trim().startsWith('Z')
}

/** The zombies among this process's own children. */
export function zombies(): number[] {
  return ps('-A', '-o', 'pid=,ppid=,stat=')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === process.pid && state?.startsWith('Z'))
    .map(([pid]) => Number(pid))
}

/** Waits until `condition` holds, whatever clock there is. */
export async function untilTrue(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${condition}`)
    await yieldSlice()
  }
}

export async function untilGone(pid: number): Promise<void> {
  await untilTrue(() => !isAlive(pid))
}

/** The lines of a file that a child writes, when there are `count` of them, as numbers. */
export async function numbersFrom(path: string, count: number): Promise<number[]> {
  let lines: string[] = []
  await untilTrue(() => {
    lines = textOf(path).split('\n').slice(0, -1)
    return lines.length >= count
  })
  return lines.map(Number)
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Scripts for `sh -c`, which write pids into the file `$1` when they are ready, the leader's first. What
 * sleeps longer than any test is killed by the test.
 */
export const scripts = {
  obedient: 'echo $$ >>"$1"; exec sleep 1000',
  stubborn: 'trap "" TERM; echo $$ >>"$1"; exec sleep 1000',
  /** The leader obeys, a grandchild does not; both hold the output. */
  'with a stubborn grandchild':
    'echo $$ >>"$1"; sh -c \'trap "" TERM; echo $$ >>"$1"; exec sleep 1000\' sh "$1" & wait',
  /** The leader ends by itself and leaves a grandchild that holds the output. */
  'leaves a grandchild': 'sleep 1000 & echo "$$\n$!" >>"$1"',
  'writes without end': 'echo $$ >>"$1"; exec yes',
} as const
