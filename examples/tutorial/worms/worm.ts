/**
 * A worm: a coroutine. It sleeps, moves, and turns as it likes; it leaves its cells when it ends, for
 * whatever reason it ends.
 */
import * as coro from '@shrapnel/core'
import { type Arena, BLANK, cell, oneOf } from './arena.js'

const COLOURS = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96]
const NAMES = 'abcdefghijklmnopqrstuvwxyz'
const FASTEST_MS = 25
const SLOWEST_MS = 90
const TURN_CHANCE = 1 / 12
const REST_MS = 2000
const FIRST_LENGTH = 9

let hatched = 0

export class Worm {
  readonly coroutine: coro.Coroutine<void>
  length = FIRST_LENGTH
  isStuck = false
  readonly #arena: Arena
  readonly #letter = NAMES[hatched % NAMES.length] as string
  readonly #colour = COLOURS[hatched++ % COLOURS.length] as number
  readonly #stepMs = FASTEST_MS + Math.random() * (SLOWEST_MS - FASTEST_MS)
  /** Its places, the head last. */
  readonly #body: number[] = []
  #direction = 0

  constructor(arena: Arena) {
    this.#arena = arena
    this.coroutine = coro.spawn({ name: `worm ${this.#letter}` }, () => this.#live())
  }

  /**
   * It is gone from the list at once, so that the next cull meets another; its cells follow as soon as its
   * coroutine ends.
   */
  kill(): void {
    this.#arena.worms.delete(this)
    this.coroutine.shutdown()
  }

  // It takes its place here and not in the constructor: whoever is shut down before the first turn never gets
  // to a `finally`.
  async #live(): Promise<void> {
    const start = this.#arena.freePlace()
    if (start === undefined) return
    this.#arena.worms.add(this)
    try {
      this.#crawlTo(start)
      for (;;) {
        await coro.sleep(this.#stepMs)
        const next = this.#next()
        if (next === undefined) await this.#rest()
        else this.#crawlTo(next)
      }
    } finally {
      this.#arena.worms.delete(this)
      for (const place of this.#body) this.#arena.cells[place] = BLANK
    }
  }

  get #head(): number {
    return this.#body.at(-1) as number
  }

  /**
   * Straight on, now and then a turn; a turn, if something is in the way; undefined, if something is all
   * around.
   */
  #next(): number | undefined {
    const ahead = this.#head + this.#direction
    if (this.#direction !== 0 && Math.random() >= TURN_CHANCE && this.#arena.isFree(ahead)) return ahead
    return oneOf(this.#arena.freeAround(this.#head))
  }

  #crawlTo(place: number): void {
    if (this.#body.length > 0) this.#direction = place - this.#head
    this.#body.push(place)
    while (this.#body.length > this.length) this.#arena.cells[this.#body.shift() as number] = BLANK
    this.#draw(this.#letter)
  }

  /** Rolls itself up for a while, and then tries the other end. */
  async #rest(): Promise<void> {
    this.isStuck = true
    this.#draw('*')
    await coro.sleep(REST_MS)
    this.isStuck = false
    this.#body.reverse()
    this.#direction = 0
    this.#draw(this.#letter)
  }

  #draw(character: string): void {
    for (const place of this.#body) this.#arena.cells[place] = cell(character, this.#colour)
    if (!this.isStuck) this.#arena.cells[this.#head] = cell(character.toUpperCase(), this.#colour)
  }
}
