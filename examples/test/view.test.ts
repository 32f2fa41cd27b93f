import { expect, test } from 'vitest'
import { Arena, cell } from '../tutorial/worms/arena.js'
import { View } from '../tutorial/worms/view.js'
import { Screen } from './screen.js'

/** A view of an empty arena, and the screen that it was sent to. */
function show({ columns = 80, rows = 24, width = 80, height = 22 } = {}) {
  const arena = new Arena(width, height)
  const view = new View(arena)
  const screen = new Screen(columns, rows)
  view.resize(columns, rows)
  screen.write(view.update('all is well'))
  return { arena, view, screen }
}

test('the first picture has the walls, the keys and the status', () => {
  const { screen } = show()
  const edge = `+${'='.repeat(78)}+`
  expect(screen.line(0)).toBe(edge)
  for (let row = 1; row < 21; row++) expect(screen.line(row)).toBe(`|${' '.repeat(78)}|`)
  expect(screen.line(21)).toBe(edge)
  expect(screen.line(22)).toMatch(/^q quit .* hoffa +$/)
  expect(screen.status).toBe('all is well')
  expect(screen.clears).toBe(1)
})

test('nothing is sent while nothing changes', () => {
  const { view } = show()
  expect(view.update('all is well')).toBe('')
})

test('a cell that changes is sent alone: where, which colour, what', () => {
  const { arena, view } = show()
  arena.cells[80 * 3 + 7] = cell('w', 32)
  expect(view.update('all is well')).toBe('\x1b[4;8H\x1b[32mw\x1b[0m')
})

test('cells side by side are sent in one go', () => {
  const { arena, view } = show()
  for (const [index, letter] of [...'worm'].entries()) arena.cells[80 * 3 + 7 + index] = cell(letter, 32)
  expect(view.update('all is well')).toBe('\x1b[4;8H\x1b[32mworm\x1b[0m')
})

test('what came and went between two pictures is not sent at all', () => {
  const { arena, view } = show()
  arena.cells[500] = cell('w', 32)
  arena.cells[500] = cell(' ')
  expect(view.update('all is well')).toBe('')
})

test('a redraw clears the screen and sends everything again', () => {
  const { view, screen } = show()
  view.redraw()
  screen.write(view.update('all is well'))
  expect(screen.clears).toBe(2)
  expect(screen.inside).toHaveLength(20)
})

test('a window smaller than the arena shows a part of it, which the arrows move as far as the walls', () => {
  const { view, screen } = show({ columns: 40, rows: 12 })
  expect(screen.line(0)).toBe(`+${'='.repeat(39)}`)
  expect(screen.line(9)).toBe(`|${' '.repeat(39)}`)
  view.scroll(1000, 1000)
  screen.write(view.update('all is well'))
  expect(screen.line(0)).toBe(`${' '.repeat(39)}|`)
  expect(screen.line(9)).toBe(`${'='.repeat(39)}+`)
  view.scroll(-1000, -1000)
  screen.write(view.update('all is well'))
  expect(screen.line(0)).toBe(`+${'='.repeat(39)}`)
})

test.each([
  [1, 1],
  [1, 2],
  [2, 1],
  [3, 3],
  [80, 2],
])('a window of %i by %i gets nothing beyond its edge', (columns, rows) => {
  const { view, screen } = show({ columns, rows })
  expect(screen.clears).toBe(1)
  expect(view.update('all is well')).toBe('')
})

test('a window said to be 65535 by 65535 costs no more than the arena', () => {
  const { view, arena } = show()
  view.resize(65_535, 65_535)
  expect(view.update('').length).toBeLessThan(2 * (arena.cells.length + 2 * arena.width))
})

test('a window of unknown size is taken for 80 by 24', () => {
  const { view, screen } = show()
  view.resize(0, 0)
  screen.write(view.update('all is well'))
  expect(screen.inside).toHaveLength(20)
})
