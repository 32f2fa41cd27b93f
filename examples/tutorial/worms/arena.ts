/**
 * The arena: a grid of cells with a wall around it, and the worms that crawl in it. It knows nothing of who
 * watches: views look at `cells` whenever they are ready to.
 */
import { Worm } from './worm.js'

/** A cell is a character with the number of its colour (as ANSI has them) above it. */
export const BLANK = cell(' ')

export function cell(character: string, colour = 0): number {
  return character.charCodeAt(0) | (colour << 8)
}

export class Arena {
  readonly width: number
  readonly height: number
  /** Row after row. Only a worm's own coroutine writes its cells. */
  readonly cells: Uint16Array
  /** Those that live, the oldest first. */
  readonly worms = new Set<Worm>()
  watchers = 0

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.cells = new Uint16Array(width * height).fill(BLANK)
    for (let x = 0; x < width; x++) this.cells[x] = this.cells[x + width * (height - 1)] = cell('=')
    for (let y = 0; y < height; y++) this.cells[y * width] = this.cells[(y + 1) * width - 1] = cell('|')
    for (const corner of [0, width - 1, width * (height - 1), width * height - 1])
      this.cells[corner] = cell('+')
  }

  isFree(place: number): boolean {
    return this.cells[place] === BLANK
  }

  /**
   * The free cells up, right, down and left of `place`. The wall is what keeps them from being beyond the
   * edge.
   */
  freeAround(place: number): number[] {
    return [-this.width, 1, this.width, -1].map((step) => place + step).filter((next) => this.isFree(next))
  }

  /** The first free cell from anywhere on; undefined: it is full. */
  freePlace(): number | undefined {
    const start = Math.floor(Math.random() * this.cells.length)
    for (let step = 0; step < this.cells.length; step++) {
      const place = (start + step) % this.cells.length
      if (this.isFree(place)) return place
    }
    return undefined
  }

  hatch(count = 1): void {
    for (let i = 0; i < count; i++) new Worm(this)
  }

  /** Removes one: the oldest of those that are stuck, or else the oldest. */
  cull(): void {
    const [oldest] = this.worms
    const stuck = [...this.worms].find((worm) => worm.isStuck)
    const worm = stuck ?? oldest
    worm?.kill()
  }

  lengthen(): void {
    for (const worm of this.worms) worm.length++
  }

  /** They all vanish, and nobody knows where to. */
  hoffa(): void {
    for (const worm of this.worms) worm.kill()
  }
}

export function oneOf<T>(choices: readonly T[]): T | undefined {
  return choices[Math.floor(Math.random() * choices.length)]
}
