/**
 * What a terminal shows: as much of one as the worms need. It takes telnet's commands out, moves the cursor,
 * clears, and fails on anything it does not know and on writing beyond its edge, where a real one would wrap
 * or scroll.
 */
export class Screen {
  readonly columns: number
  readonly rows: number
  /** How often all of it was cleared. */
  clears = 0
  isAlternate = false
  isCursorVisible = true
  #cells: string[]
  #at = 0
  /** The beginning of what is not complete yet. */
  #rest = ''

  constructor(columns = 80, rows = 24) {
    this.columns = columns
    this.rows = rows
    this.#cells = this.#blank()
  }

  /** `text` has a character for each byte. */
  write(text: string): void {
    this.#rest += text
    for (;;) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's language is made of them.
      const [part] = /^(?:\xff[\xfb-\xfe].|\x1b\[[?\d;]*[A-Za-z]|[ -~])/s.exec(this.#rest) ?? []
      if (part === undefined) break
      this.#rest = this.#rest.slice(part.length)
      if (part.startsWith('\x1b')) this.#control(part.slice(2))
      else if (part.length === 1) this.#put(part)
    }
    if (this.#rest.length > 8) throw new Error(`what is ${JSON.stringify(this.#rest.slice(0, 20))}?`)
  }

  line(row: number): string {
    return this.#cells.slice(row * this.columns, (row + 1) * this.columns).join('')
  }

  /** The lines of the arena: those between its walls. */
  get inside(): string[] {
    const lines = Array.from({ length: this.rows }, (_, row) => this.line(row))
    return lines.flatMap((line) => /^\|(.*)\| *$/.exec(line)?.[1] ?? [])
  }

  /** How many cells worms are on. */
  get wormCells(): number {
    return this.inside.join('').replaceAll(' ', '').length
  }

  get status(): string {
    return this.line(this.rows - 1).trimEnd()
  }

  #blank(): string[] {
    return new Array<string>(this.columns * this.rows).fill(' ')
  }

  #put(character: string): void {
    if (this.#at >= this.#cells.length) throw new Error('written beyond the last cell')
    this.#cells[this.#at++] = character
  }

  #control(sequence: string): void {
    const [row = 1, column = 1] = sequence.slice(0, -1).split(';').map(Number)
    if (sequence.endsWith('m')) return
    if (sequence.endsWith('H')) this.#move(row, column)
    else if (sequence === '2J') this.#clear()
    else if (sequence === '?25h' || sequence === '?25l') this.isCursorVisible = sequence === '?25h'
    else if (sequence === '?1049h' || sequence === '?1049l') this.isAlternate = sequence === '?1049h'
    else throw new Error(`what is CSI ${sequence}?`)
  }

  #move(row: number, column: number): void {
    if (row > this.rows || column > this.columns) throw new Error(`there is no row ${row}, column ${column}`)
    this.#at = (row - 1) * this.columns + column - 1
  }

  #clear(): void {
    this.#cells = this.#blank()
    this.clears++
  }
}
