/**
 * WaitQueue: a queue in which every member knows its neighbours, so that one who gives up leaves in O(1). It knows
 * nothing of waking: whoever shifts a member out decides what becomes of it.
 */
import type { Coroutine } from '../runtime/coroutine.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'

/** What a member must have; the queue owns these three. */
export interface Queued {
  queue: object | null
  before: Queued | null
  after: Queued | null
}

export class WaitQueue<Member extends Queued> {
  first: Member | null = null
  size = 0
  #last: Member | null = null

  push(member: Member): void {
    const last = this.#last
    member.queue = this
    member.before = last
    if (last === null) this.first = member
    else last.after = member
    this.#last = member
    this.size++
  }

  /** Takes the one that waited longest; undefined when there is none. */
  shift(): Member | undefined {
    const { first } = this
    if (first === null) return undefined
    this.remove(first)
    return first
  }

  /** Takes everyone, in order, and those who come meanwhile. */
  drain(visit: (member: Member) => void): void {
    for (let next = this.shift(); next !== undefined; next = this.shift()) visit(next)
  }

  /** Without effect for one that is not in this queue. */
  remove(member: Member): void {
    if (member.queue !== this) return
    const { before, after } = member
    if (before === null) this.first = after as Member | null
    else before.after = after
    if (after === null) this.#last = before as Member | null
    else after.before = before
    member.queue = member.before = member.after = null
    this.size--
  }
}

/** A wait that stands in one queue. Cancelled, it leaves the queue; `left` is for what its leaving makes possible. */
export abstract class QueuedWait<T> extends Wait<T> implements Queued {
  // Declared only, for the reason that Wait gives.
  declare queue: WaitQueue<Queued> | null
  declare before: Queued | null
  declare after: Queued | null

  constructor(scope: Scope) {
    super(scope)
    this.queue = this.before = this.after = null
  }

  protected unlink(): void {
    this.queue?.remove(this)
    this.left()
  }

  /** It gave up and is out of the queue. */
  protected left(): void {}
}

/** A coroutine, as it stands in the text of a wait or an error. */
export function nameOf(coroutine: Coroutine): string {
  return `coroutine ${coroutine.id} (${coroutine.name})`
}
