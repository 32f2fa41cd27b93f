/**
 * Scopes: the tree along which cancellation travels. A scope holds the waits begun in it and the scopes opened in it.
 * Cancelling rejects those waits, and marks the scope and all below it for good, so that the next wait in any of them
 * rejects too. Shields stop it. Whoever opens a scope closes it.
 */
import { Interrupted, Shutdown } from '../errors.js'
import type { Coroutine } from './coroutine.js'
import { runIn } from './current.js'
import { RefusedWait } from './refused-wait.js'
import type { Suspension, Wait } from './wait.js'

/** Why a scope was cancelled; makes the error for each wait it ends. */
export interface Cancellation {
  readonly origin: Scope
  readonly kind: 'interrupted' | 'shutdown'
  readonly text: string
  readonly reason?: unknown
}

/** After so many waits that rejected because of the same cancellation, somebody swallows it. */
const SWALLOWS_BEFORE_NOTICE = 5

let noticeSwallower: (coroutine: Coroutine, swallows: number) => void = () => {}

export function onSwallowed(notice: (coroutine: Coroutine, swallows: number) => void): void {
  noticeSwallower = notice
}

export class Scope {
  /** The scope it was opened in. */
  readonly outer: Scope | null
  readonly coroutine: Coroutine
  readonly isShield: boolean
  /** Once set it stays. */
  cancellation: Cancellation | null = null
  firstSuspension: Suspension | null = null
  #firstChild: Scope | null = null
  #previous: Scope | null = null
  #next: Scope | null = null
  #controller: AbortController | null = null
  #swallows = 0

  /** `coroutine` null: this scope is a coroutine itself. */
  constructor(outer: Scope | null, coroutine: Coroutine | null, isShield = false) {
    this.outer = outer
    this.coroutine = coroutine ?? (this as unknown as Coroutine)
    this.isShield = isShield
    if (outer !== null) {
      if (!isShield) this.cancellation = outer.cancellation
      this.#next = outer.#firstChild
      if (outer.#firstChild !== null) outer.#firstChild.#previous = this
      outer.#firstChild = this
    }
  }

  /** Takes the scope out of the tree. Its waits, if any are left, are no longer reached by cancellation from above. */
  close(): void {
    const { outer } = this
    if (outer === null) return
    if (this.#previous !== null) this.#previous.#next = this.#next
    else if (outer.#firstChild === this) outer.#firstChild = this.#next
    if (this.#next !== null) this.#next.#previous = this.#previous
    this.#previous = this.#next = null
  }

  cancel(cancellation: Cancellation): void {
    if (this.cancellation !== null) return
    const signalled: Scope[] = []
    for (let at: Scope | null = this; at !== null; ) {
      const isReached = at === this || (at.cancellation === null && !at.isShield)
      if (isReached) {
        at.cancellation = cancellation
        at.#rejectWaits(() => interruption(cancellation))
        if (at.#controller !== null) signalled.push(at)
      }
      at = at.#following(this, isReached)
    }
    // Last, as who listens to a signal is code of the program. It runs in the scope that made the signal.
    for (const scope of signalled) runIn(scope, () => scope.#controller?.abort(interruption(cancellation)))
  }

  /** The next scope of a walk through the tree below `root`, outer ones first. Without recursion: trees get deep. */
  #following(root: Scope, descends: boolean): Scope | null {
    if (descends && this.#firstChild !== null) return this.#firstChild
    for (let at: Scope = this; at !== root; at = at.outer as Scope) if (at.#next !== null) return at.#next
    return null
  }

  /** One interrupt for every wait of the coroutine that no shield protects. False: there was none. */
  interruptWaits(makeError: () => Interrupted): boolean {
    let found = false
    for (let at: Scope | null = this; at !== null; ) {
      const isReached = at === this || (at.coroutine === this.coroutine && !at.isShield)
      if (isReached && at.#rejectWaits(makeError)) found = true
      at = at.#following(this, isReached)
    }
    return found
  }

  #rejectWaits(makeError: () => Interrupted): boolean {
    const found = this.firstSuspension !== null
    for (let first = this.firstSuspension; first !== null; first = this.firstSuspension)
      first.wait.cancel(makeError())
    return found
  }

  /**
   * For the beginning of every wait: null, or a promise that rejects because the scope is cancelled or its coroutine
   * was interrupted while it ran. It rejects in the next turn, so that code which swallows it cannot spin the process.
   */
  refuse(): Promise<never> | null {
    if (this.cancellation === null && this.coroutine.pendingInterrupt === null) return null
    return this.#refuse()
  }

  #refuse(): Promise<never> | null {
    if (this.cancellation !== null) {
      this.#countSwallow(this.cancellation)
      return new RefusedWait(this, interruption(this.cancellation), null).suspend()
    }
    if (this.#isShielded()) return null
    const interrupt = this.coroutine.pendingInterrupt as () => Interrupted
    this.coroutine.pendingInterrupt = null
    return new RefusedWait(this, interrupt(), interrupt).suspend()
  }

  /** Counts where the coroutine was first cancelled: scopes opened since begin at nothing, each time anew. */
  #countSwallow(cancellation: Cancellation): void {
    const { coroutine } = this
    let at: Scope = this
    while (at.outer?.coroutine === coroutine && at.outer.cancellation === cancellation) at = at.outer
    if (++at.#swallows === SWALLOWS_BEFORE_NOTICE) noticeSwallower(coroutine, at.#swallows)
  }

  #isShielded(): boolean {
    for (
      let scope: Scope | null = this;
      scope !== null && scope.coroutine === this.coroutine;
      scope = scope.outer
    ) {
      if (scope.isShield) return true
    }
    return false
  }

  /** Aborts when the scope is cancelled. Made when first asked for. */
  signal(): AbortSignal {
    this.#controller ??= new AbortController()
    const { signal } = this.#controller
    if (this.cancellation !== null && !signal.aborted) this.#controller.abort(interruption(this.cancellation))
    return signal
  }

  /** The waits begun here and below by this coroutine. */
  *waits(): Generator<Wait<unknown>> {
    for (let at: Scope | null = this; at !== null; ) {
      const isOurs = at.coroutine === this.coroutine
      if (isOurs) for (let each = at.firstSuspension; each !== null; each = each.next) yield each.wait
      at = at.#following(this, isOurs)
    }
  }

  /** For a coroutine: its turn to start is still to come. @internal */
  get isReady(): boolean {
    return false
  }

  /**
   * Whether any wait of ours is pending here or below, in any coroutine: something will go on. So it will in a coroutine
   * that is about to start; and an open shield counts whatever it is for: it has a time limit of its own.
   */
  hasActiveWaits(): boolean {
    for (let at: Scope | null = this; at !== null; at = at.#following(this, true)) {
      if (at !== this && (at.isShield || at.isReady)) return true
      for (let each = at.firstSuspension; each !== null; each = each.next)
        if (!each.wait.isForChildren) return true
    }
    return false
  }
}

export function interruption(cancellation: Cancellation): Interrupted {
  const { kind, text, reason, origin } = cancellation
  return kind === 'shutdown' ? new Shutdown(text, reason, origin) : new Interrupted(text, reason, origin)
}
