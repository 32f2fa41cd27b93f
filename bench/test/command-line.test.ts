/** What the user may ask for, and what is said about mistakes. */
import { describe, expect, test } from 'vitest'
import { BENCHMARKS } from '../src/benchmarks/all.js'
import { readCommandLine, UsageError } from '../src/command-line.js'
import { nearest } from '../src/nearest.js'

const read = (...argv: string[]) => readCommandLine(argv, BENCHMARKS)

describe('the command line', () => {
  test('without a name lists every benchmark', () => {
    expect(read()).toMatchObject({ wantsList: true, benchmarks: BENCHMARKS })
  })

  test('runs what is named, each once and in the order given', () => {
    const request = read('idle', 'tcp-echo', 'idle', '--json', '--quick')
    expect(request.benchmarks.map(({ name }) => name)).toEqual(['idle', 'tcp-echo'])
    expect(request).toMatchObject({ wantsList: false, isJson: true, isQuick: true })
  })

  test('runs everything only when told to', () => {
    expect(read('--all')).toMatchObject({ wantsList: false, benchmarks: BENCHMARKS })
  })

  const mistakes: readonly (readonly [argv: string[], says: string])[] = [
    [['tcp-ecko'], "there is no benchmark 'tcp-ecko': did you mean 'tcp-echo'?"],
    [['echo'], "there is no benchmark 'echo': did you mean 'tcp-echo'?"],
    [['zzzzzzzzzz'], "there is no benchmark 'zzzzzzzzzz': there are: tcp-echo, "],
    [['--package', 'cor'], "there is no package 'cor': did you mean 'core'?"],
    [['--fast'], "Unknown option '--fast'"],
    [['--package'], 'argument missing'],
  ]
  test.each(mistakes)('%j is refused with a sentence that helps', (argv, says) => {
    expect(() => read(...argv)).toThrow(UsageError)
    expect(() => read(...argv)).toThrow(says)
  })
})

describe('the nearest name', () => {
  test('is one that differs in few letters', () => {
    expect(nearest('chanel', ['spawn', 'channel'])).toBe('channel')
  })

  test('is nothing if all are far away', () => {
    expect(nearest('postgres', ['spawn', 'channel'])).toBeUndefined()
  })
})
