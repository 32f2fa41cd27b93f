/**
 * Random programs of coroutines, and a machine that runs them on a virtual clock and notes every law it sees broken.
 * A program always ends: sleeps are short, and whatever could wait for ever stands in a limit.
 */
import fc from 'fast-check'
import {
  all,
  Channel,
  CoroError,
  type Coroutine,
  current,
  group,
  Interrupted,
  inParallel,
  interruptible,
  Mutex,
  now,
  shield,
  signal,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'

export type Step =
  | { readonly kind: 'sleep'; readonly ms: number }
  | {
      readonly kind: 'yield' | 'foreign' | 'interruptible' | 'throw' | 'receive' | 'send' | 'signal' | 'stuck'
    }
  | { readonly kind: 'interrupt' | 'shutdown' | 'join'; readonly whom: number }
  | { readonly kind: 'withTimeout' | 'shield'; readonly ms: number; readonly steps: readonly Step[] }
  | { readonly kind: 'spawn' | 'lock' | 'swallow'; readonly steps: readonly Step[] }
  | {
      readonly kind: 'group' | 'inParallel'
      readonly children: readonly (readonly Step[])[]
      readonly steps: readonly Step[]
    }

const whom = fc.nat(50)
const ms = fc.oneof(fc.nat(12), fc.constantFrom(0, 5, 10))
/** Long ones too: a timer that is left behind is then still there at the end. */
const limitMs = fc.oneof({ weight: 5, arbitrary: ms }, { weight: 1, arbitrary: fc.constant(1e6) })
const plain: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom('yield', 'foreign', 'interruptible', 'receive', 'send', 'signal', 'stuck'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('throw' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('interrupt', 'interrupt', 'shutdown', 'join'), whom }),
  },
)

const { steps: program } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 4, size: 'max' }),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 4, depthSize: 'max', withCrossShrink: true },
    { weight: 3, arbitrary: plain },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('withTimeout', 'withTimeout', 'shield'),
        ms: limitMs,
        steps: tie('steps'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('spawn', 'lock', 'swallow'), steps: tie('steps') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('group', 'inParallel'),
        children: fc.array(tie('steps'), { maxLength: 3, size: 'max' }),
        steps: tie('steps'),
      }),
    },
  ) as fc.Arbitrary<Step>,
}))

/** Several programs, begun together. */
export const programs = fc.array(program, { minLength: 1, maxLength: 5, size: 'max' })

/** More than any wait of a program that has no limit, so that a lock or a message that never comes ends. */
const LIMIT_MS = 15

export class Machine {
  readonly broken: string[] = []
  readonly mutex = new Mutex()
  readonly channel = new Channel<number>()
  sent = 0
  received = 0
  #holders = 0

  start(steps: readonly Step[]): void {
    spawn({ name: 'root' }, () => this.#run(steps))
  }

  async #run(steps: readonly Step[]): Promise<void> {
    const self = current()
    for (const step of steps) {
      const going = this.#step(step)
      try {
        await going
      } catch (error) {
        // Limits, locks and the like may fail; what cancels or was thrown passes.
        if (error instanceof Interrupted || !(error instanceof CoroError)) throw error
      } finally {
        this.#expect(current() === self, `after ${step.kind} the coroutine is another`)
      }
    }
  }

  #step(step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'sleep':
        return this.#sleep(step.ms)
      case 'yield':
        return yieldSlice()
      case 'foreign':
        return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      case 'interruptible':
        return interruptible(new Promise((resolve) => setImmediate(resolve)))
      case 'throw':
        return Promise.reject(new Error('thrown'))
      case 'send':
        return withTimeout(LIMIT_MS, async () => {
          await this.channel.send(1)
          this.sent++
        })
      case 'receive':
        return withTimeout(LIMIT_MS, async () => {
          await this.channel.receive()
          this.received++
        })
      case 'signal':
        signal().addEventListener('abort', () => this.#pick(0)?.interrupt('from a listener'))
        return yieldSlice()
      case 'interrupt':
        this.#pick(step.whom)?.interrupt()
        return Promise.resolve()
      case 'shutdown':
        this.#pick(step.whom)?.shutdown()
        return Promise.resolve()
      case 'join':
        return this.#join(this.#pick(step.whom))
      case 'stuck':
        return this.#stuck()
      case 'withTimeout':
      case 'shield':
        return this.#limited(step.kind === 'shield' ? shield : withTimeout, step.ms, step.steps)
      case 'spawn':
        spawn({ name: 'spawned' }, () => this.#run(step.steps))
        return Promise.resolve()
      case 'lock':
        return withTimeout(LIMIT_MS, () => this.mutex.with(() => this.#holding(step.steps)))
      case 'swallow':
        return this.#run(step.steps).catch(() => {})
      case 'group':
        return this.#group(step.children, step.steps)
      case 'inParallel':
        return inParallel(step.children.map((child) => () => this.#run(child)))
    }
  }

  async #join(other: Coroutine | undefined): Promise<void> {
    try {
      await withTimeout(LIMIT_MS, () => other?.join())
    } catch (error) {
      // What it died of is not ours.
      if (!other?.isDead) throw error
    }
  }

  async #stuck(): Promise<void> {
    const begun = now()
    const isOver = (): void => this.#expect(now() - begun <= LIMIT_MS + 1, `stuck for ${now() - begun} ms`)
    await withTimeout(LIMIT_MS, () => new Promise<never>(() => {})).finally(isOver)
  }

  async #sleep(ms: number): Promise<void> {
    const begun = now()
    await sleep(ms)
    this.#expect(now() - begun >= ms, `a sleep of ${ms} ms took ${now() - begun}`)
  }

  async #limited(limit: typeof withTimeout, ms: number, steps: readonly Step[]): Promise<void> {
    const begun = now()
    let inner: unknown
    let isGoing = false
    try {
      await limit(ms, async () => {
        isGoing = true
        try {
          await this.#run(steps)
        } catch (error) {
          inner = error
          throw error
        } finally {
          isGoing = false
        }
      })
    } catch (error) {
      this.#expect(
        limit !== shield || !(error instanceof Interrupted),
        'an interruption came out of a shield',
      )
      const isOwn = error instanceof TimeoutError && error !== inner
      this.#expect(!isOwn || now() - begun >= ms, `a limit of ${ms} ms expired after ${now() - begun}`)
      this.#expect(!isOwn || error.timeoutMs === ms, 'a TimeoutError names another limit')
      throw error
    } finally {
      const tookMs = now() - begun
      if (isPrompt(steps)) this.#expect(tookMs <= ms + 1, `a limit of ${ms} ms took ${tookMs}`)
      if (isAllOurs(steps)) this.#expect(!isGoing, 'a function was given up that was not stuck')
    }
  }

  async #group(children: readonly (readonly Step[])[], steps: readonly Step[]): Promise<void> {
    const born: Coroutine[] = []
    let failedAt = Infinity
    const noted = async (part: readonly Step[]): Promise<void> => {
      try {
        await this.#run(part)
      } catch (error) {
        if (!(error instanceof Interrupted)) failedAt = Math.min(failedAt, now())
        throw error
      }
    }
    try {
      await group(async (g) => {
        for (const child of children) born.push(g.spawn({ name: 'child' }, () => noted(child)))
        await noted(steps)
      })
    } finally {
      const lateMs = failedAt === Infinity ? 0 : now() - failedAt
      if ([steps, ...children].every((part) => isPrompt(part) && isAllOurs(part)))
        this.#expect(lateMs <= 1, `a group ended ${lateMs} ms after its first failure`)
      this.#expect(
        born.every((child) => child.isDead),
        'a child outlived its group',
      )
    }
  }

  async #holding(steps: readonly Step[]): Promise<void> {
    this.#holders++
    this.#expect(this.#holders === 1, `${this.#holders} hold the lock`)
    try {
      await this.#run(steps)
    } finally {
      this.#holders--
    }
  }

  #pick(n: number): Coroutine | undefined {
    const living = all()
    return living[n % living.length]
  }

  #expect(holds: boolean, law: string): void {
    if (!holds) this.broken.push(law)
  }
}

/** Whether nothing in the steps may go on for long after it was cancelled. */
function isPrompt(steps: readonly Step[]): boolean {
  return steps.every((step) => {
    if (step.kind === 'shield') return false
    if ('children' in step && !step.children.every(isPrompt)) return false
    return step.kind === 'spawn' || !('steps' in step) || isPrompt(step.steps)
  })
}

/** Whether nothing in the steps waits for a promise that is not ours, which could get stuck. */
function isAllOurs(steps: readonly Step[]): boolean {
  return steps.every((step) => {
    if (step.kind === 'foreign' || step.kind === 'stuck') return false
    if ('children' in step && !step.children.every(isAllOurs)) return false
    return step.kind === 'spawn' || !('steps' in step) || isAllOurs(step.steps)
  })
}

/** Ends of coroutines that are part of the game. */
export function isExpected(error: unknown): boolean {
  if (error instanceof Interrupted) return true
  const code = (error as { code?: unknown }).code
  if (code !== undefined) return ['TIMEOUT', 'GROUP', 'IN_PARALLEL', 'LOCK'].includes(code as string)
  return (error as Error).message === 'thrown'
}
