/**
 * A view: what one client's window shows of the arena, and which characters to send so that it shows what is
 * there now. It remembers what it sent, so only differences are sent, and a client that falls behind misses
 * pictures, not bytes.
 */
import { type Arena, BLANK, cell } from './arena.js'

const CSI = '\x1b['
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
/** What is below the arena: the keys, and the numbers. */
const STATUS_ROWS = 2
const KEYS = 'q quit  r redraw  n new worm  c cull one  l lengthen all  h hoffa'
/** Equal to no cell. */
const UNKNOWN = 0

/** The other screen of the terminal, and no cursor. `LEAVE` brings back what was there before. */
export const ENTER = `${CSI}?1049h${CSI}?25l`
export const LEAVE = `${CSI}0m${CSI}?25h${CSI}?1049l`

export class View {
  readonly #arena: Arena
  #columns = 0
  #rows = 0
  #left = 0
  #top = 0
  #shown = new Uint16Array(0)
  #wanted = new Uint16Array(0)
  #mustClear = true

  constructor(arena: Arena) {
    this.#arena = arena
    this.resize(DEFAULT_COLUMNS, DEFAULT_ROWS)
  }

  /**
   * The window has this size now, 0 if unknown. What is beyond the arena is left alone: a client cannot ask
   * for more memory.
   */
  resize(columns: number, rows: number): void {
    this.#columns = Math.min(columns || DEFAULT_COLUMNS, this.#arena.width)
    this.#rows = Math.min(rows || DEFAULT_ROWS, this.#arena.height + STATUS_ROWS)
    this.#shown = new Uint16Array(this.#columns * this.#rows)
    this.#wanted = new Uint16Array(this.#columns * this.#rows)
    this.scroll(0, 0)
    this.redraw()
  }

  /** Forgets what the window shows. */
  redraw(): void {
    this.#shown.fill(UNKNOWN)
    this.#mustClear = true
  }

  /** Moves a window that is smaller than the arena. */
  scroll(right: number, down: number): void {
    this.#left = within(this.#left + right, this.#arena.width - this.#columns)
    this.#top = within(this.#top + down, this.#arena.height - this.#arenaRows)
  }

  /** The characters that bring the window up to date; none, if it is. */
  update(status: string): string {
    this.#compose(status)
    const clear = this.#mustClear ? `${CSI}0m${CSI}2J` : ''
    this.#mustClear = false
    return clear + this.#differences()
  }

  get #arenaRows(): number {
    return Math.max(0, this.#rows - STATUS_ROWS)
  }

  #compose(status: string): void {
    const { width, cells } = this.#arena
    for (let row = 0; row < this.#arenaRows; row++) {
      const from = (this.#top + row) * width + this.#left
      this.#wanted.set(cells.subarray(from, from + this.#columns), row * this.#columns)
    }
    for (const [index, text] of [KEYS, status].entries()) {
      const row = this.#arenaRows + index
      if (row < this.#rows) this.#write(row, text)
    }
  }

  #write(row: number, text: string): void {
    // Not the last column: in the last row it would make some terminals scroll.
    for (let column = 0; column < this.#columns - 1; column++) {
      this.#wanted[row * this.#columns + column] = cell(text[column] ?? ' ')
    }
    this.#wanted[(row + 1) * this.#columns - 1] = BLANK
  }

  #differences(): string {
    let text = ''
    let colour = 0
    let cursor = -1
    for (const [place, wanted] of this.#wanted.entries()) {
      if (this.#shown[place] === wanted) continue
      this.#shown[place] = wanted
      const column = place % this.#columns
      if (place !== cursor || column === 0)
        text += `${CSI}${Math.floor(place / this.#columns) + 1};${column + 1}H`
      if (wanted >> 8 !== colour) {
        colour = wanted >> 8
        text += `${CSI}${colour}m`
      }
      text += String.fromCharCode(wanted & 0xff)
      cursor = place + 1
    }
    return colour === 0 ? text : `${text}${CSI}0m`
  }
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(value, most))
}
