/** Who waits on what: the tree of living coroutines, for people and for programs. */
import { type Coroutine, type CoroutineState, describeWait, mainCoroutine } from './runtime/coroutine.js'
import { oneLine } from './runtime/plain-text.js'
import { everyone } from './runtime/registry.js'

/** One wait: what it is, and since how many milliseconds. */
export interface WaitFacts {
  readonly on: string
  readonly ageMs: number
}

export interface CoroutineFacts {
  readonly id: number
  readonly name: string
  readonly state: CoroutineState
  readonly isDaemon: boolean
  readonly parentId: number
  readonly ageMs: number
  readonly cpuMs: number
  readonly waits: readonly WaitFacts[]
  /** Coroutines it spawned that live. Those of a dead parent stand under the main coroutine. */
  readonly children: readonly CoroutineFacts[]
}

/** One coroutine on one line: `12 session: recv fd 9 127.0.0.1:4431 (since 2.1 s)`. */
export function where(coroutine: Coroutine): string {
  return line(facts(coroutine, []))
}

/** The whole tree, below the main coroutine. Its `toString()` is a text with one line a coroutine. */
export function whereAll(): CoroutineFacts & { toString(): string } {
  const living = everyone()
  const ids = new Set(living.map((coroutine) => coroutine.id))
  const childrenOf = new Map<number, Coroutine[]>()
  for (const coroutine of living) {
    const parentId = ids.has(coroutine.parentId) ? coroutine.parentId : 0
    const siblings = childrenOf.get(parentId)
    if (siblings === undefined) childrenOf.set(parentId, [coroutine])
    else siblings.push(coroutine)
  }
  // Parents are older than their children, so going from the youngest up needs no recursion, however deep the tree.
  const built = new Map<number, CoroutineFacts>()
  for (const coroutine of [mainCoroutine, ...living].reverse()) {
    const children = (childrenOf.get(coroutine.id) ?? []).map(
      (child) => built.get(child.id) as CoroutineFacts,
    )
    built.set(coroutine.id, facts(coroutine, children))
  }
  const tree = built.get(0) as CoroutineFacts
  return Object.defineProperty({ ...tree }, 'toString', {
    value: () => [...lines(tree)].join('\n'),
    enumerable: false,
  })
}

function facts(coroutine: Coroutine, children: readonly CoroutineFacts[]): CoroutineFacts {
  const { id, name, state, isDaemon, parentId, cpuMs } = coroutine
  const time = performance.now()
  const waits = [...coroutine.waits()].map((wait) => ({ on: describeWait(wait), ageMs: time - wait.since }))
  return {
    id,
    name,
    state,
    isDaemon,
    parentId,
    cpuMs,
    ageMs: Date.now() - coroutine.spawnedAt,
    waits,
    children,
  }
}

/** A chain of 10,000 coroutines would be a text of 100 million blanks. */
const DEEPEST_INDENT = 100

function* lines(root: CoroutineFacts): Generator<string> {
  const stack: [facts: CoroutineFacts, depth: number][] = [[root, 0]]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [at, depth] = top
    yield '  '.repeat(Math.min(depth, DEEPEST_INDENT)) + line(at)
    for (const child of [...at.children].reverse()) stack.push([child, depth + 1])
  }
}

function line({ id, name, state, isDaemon, waits }: CoroutineFacts): string {
  const what =
    waits.length === 0 ? state : waits.map(({ on, ageMs }) => `${on} (since ${age(ageMs)})`).join(', ')
  return oneLine(`${id} ${name}${isDaemon ? ' [daemon]' : ''}: ${what}`)
}

function age(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
