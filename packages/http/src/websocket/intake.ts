/**
 * How much all WebSockets of a thread read before their programs have a turn. The poller tells of up to a thousand sockets at once: were all
 * of them read first, a thousand messages would lie in memory, long out of the processor's cache when their programs get to see them. So
 * beyond a share the others wait for the end of the turn, in which those programs go on, and come next.
 */
import { atTurnEnd, type TurnEndJob } from '@shrapnel/core/parts'
import { thisTurn } from './turn.js'

/** Less than the cache of a processor's core: what was read is still there when it is sent. */
export const TURN_BYTES = 131_072

export interface Reader {
  /** Its turn has come. */
  readNow(): void
}

class Intake implements TurnEndJob {
  #turn = -1
  #bytes = 0
  #waiting: Reader[] = []
  /** Of those that wait, who comes next. */
  #next = 0

  /** Whether this turn has had its share. */
  get isFull(): boolean {
    return this.#bytes >= TURN_BYTES && this.#turn === thisTurn()
  }

  took(bytes: number): void {
    const turn = thisTurn()
    if (this.#turn === turn) this.#bytes += bytes
    else {
      this.#turn = turn
      this.#bytes = bytes
    }
  }

  /** `reader` has its turn when those before it have had theirs. */
  wait(reader: Reader): void {
    if (this.#waiting.push(reader) === 1) atTurnEnd(this)
  }

  /** @internal */
  onTurnEnd(): void {
    const waiting = this.#waiting
    this.#bytes = 0
    while (this.#next < waiting.length && this.#bytes < TURN_BYTES)
      (waiting[this.#next++] as Reader).readNow()
    if (this.#next < waiting.length) atTurnEnd(this)
    else waiting.length = this.#next = 0
  }
}

export const intake = new Intake()
