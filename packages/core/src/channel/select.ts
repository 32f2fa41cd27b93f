/** select: waits for several things that may happen on channels; exactly one does. */
import type { Awaitable } from '../awaitable.js'
import { checkDuration, wrongType } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'
import { inSecondPlace } from './parties.js'
import { DefaultCase, SelectCase, TimeoutCase } from './select-cases.js'
import type { Chooser, Entry, Happening } from './select-entries.js'
import type { SelectResult } from './select-result.js'

/** For `select`: nothing else has happened within `ms` milliseconds. 0 waits one turn; `Infinity` is never. */
export function timeoutCase(ms: number): TimeoutCase {
  return new TimeoutCase(checkDuration('ms', ms))
}

/** For `select`: nothing else can happen now. A select that has it does not wait. */
export function defaultCase(): DefaultCase {
  return new DefaultCase()
}

/**
 * Waits until one of `cases` can happen, makes it happen and says which; the others leave no trace. Of several that are
 * ready it picks one at random, each as likely. `null` never happens, and with nothing else it waits for ever. Receiving
 * on a closed, empty channel is ready: its result says `closed`.
 *
 * Cancelled, nothing has happened. Fails with `CHANNEL_CLOSED` if the case picked sends on a closed channel, and with the
 * error that was received if it was sent by `sendError`.
 */
export function select<const Cases extends readonly (SelectCase | null)[]>(
  cases: Cases,
): Awaitable<SelectResult<Cases>> {
  if (!Array.isArray(cases)) throw wrongType('cases', 'an array of cases', cases)
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) return refused
  const index = pick(cases)
  if (index < 0) return new SelectWait(scope, cases).suspend() as Promise<SelectResult<Cases>>
  if (!spend(scope)) return afterTurn(() => select(cases))
  try {
    return (cases[index] as SelectCase).happen(index) as SelectResult<Cases>
  } catch (error) {
    return Promise.reject(error)
  }
}

/** The index of a case that can happen now, or of the default; -1: none. */
function pick(cases: readonly (SelectCase | null)[]): number {
  let picked = -1
  let fallback = -1
  let readyCount = 0
  for (let i = 0; i < cases.length; i++) {
    const each = cases[i]
    if (each === null) continue
    if (!(each instanceof SelectCase)) throw wrongType('each of cases', 'a case or null', each)
    if (each.isReady()) {
      // The k-th that is ready replaces the one before with a chance of 1/k: each ends up as likely, in one pass.
      if (++readyCount === 1 || Math.random() * readyCount < 1) picked = i
    } else if (each instanceof DefaultCase && fallback < 0) {
      fallback = i
    }
  }
  return readyCount > 0 ? picked : fallback
}

class SelectWait extends Wait<Happening> implements Chooser {
  #entries: Entry | null = null
  #isTimed = false
  readonly #size: number

  constructor(scope: Scope, cases: readonly (SelectCase | null)[]) {
    super(scope)
    this.#size = cases.length
    for (let i = 0; i < cases.length; i++) {
      const each = cases[i]
      if (each == null) continue
      const entry = each.enlist(this, i)
      entry.sibling = this.#entries
      this.#entries = entry
      if (each instanceof TimeoutCase && each.ms !== Infinity) this.#isTimed = true
    }
  }

  choose(happening: Happening, yields: boolean): void {
    this.unlink()
    this.wake(yields ? inSecondPlace(happening) : happening)
  }

  abandon(error: unknown): void {
    this.unlink()
    this.fail(error)
  }

  protected unlink(): void {
    for (let entry = this.#entries; entry !== null; entry = entry.sibling) entry.withdraw()
    this.#entries = null
  }

  protected override get isExternal(): boolean {
    return this.#isTimed
  }

  describe(): string {
    return `select over ${this.#size} cases`
  }
}
