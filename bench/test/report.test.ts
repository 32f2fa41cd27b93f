/** What is printed, for programs and for people. */
import { describe, expect, test } from 'vitest'
import type { Benchmark, Measured } from '../src/benchmark.js'
import { benchmarkReportOf, caseReportOf } from '../src/report.js'
import { formatNumber, tableOf } from '../src/table.js'
import { costAtMost, oursAtLeast, oursAtMost, ratioAtLeast } from '../src/target.js'

const measured: Measured = {
  title: '50 connections',
  better: 'higher',
  samples: new Map([
    ['ours', [300, 100, 200]],
    ['node:net', [100, 100, 90]],
  ]),
  targets: [ratioAtLeast('node:net', 1.6), ratioAtLeast('c', 0.85), oursAtLeast(201, 'a second')],
}

const benchmark: Benchmark = {
  name: 'sample',
  package: 'core',
  summary: '',
  target: '',
  unit: 'round trips/s',
  run: async () => [measured],
}

describe('a report', () => {
  test('for programs holds names, unit, results and ratios, and nothing else', () => {
    expect(benchmarkReportOf(benchmark, [measured])).toEqual({
      name: 'sample',
      unit: 'round trips/s',
      cases: [
        {
          case: '50 connections',
          results: {
            ours: { median: 200, min: 100, max: 300 },
            'node:net': { median: 100, min: 90, max: 100 },
          },
          ratios: { 'node:net': 2 },
        },
      ],
    })
  })

  test('without ours has results and no ratios', () => {
    const alone = { ...measured, samples: new Map([['c', [1]]]) }
    expect(benchmarkReportOf(benchmark, [alone]).cases[0]?.ratios).toEqual({})
  })

  test('for people says of each target whether it was met, missed or not measured', () => {
    const lines = tableOf(benchmark, [measured]).split('\n')
    expect(lines).toContain('  target: at least 1.6 times node:net: met')
    expect(lines).toContain('  target: at least 0.85 times c: not measured')
    expect(lines).toContain('  target: at least 201 a second: MISSED')
  })
})

describe('a target for a cost', () => {
  test('is met at the limit and missed above it', () => {
    const report = (median: number) => ({
      case: '',
      results: { ours: { median, min: median, max: median } },
      ratios: {},
    })
    expect(oursAtMost(3, 'ms').isMet(report(3))).toBe(true)
    expect(oursAtMost(3, 'ms').isMet(report(3.1))).toBe(false)
  })

  test("that is a multiple of a peer's counts how many times as much ours is", () => {
    const cost = (ours: number): Measured => ({
      title: '',
      better: 'lower',
      samples: new Map([
        ['ours', [ours]],
        ['nginx', [100]],
      ]),
      targets: [],
    })
    const verdicts = [119, 121].map((ours) => costAtMost('nginx', 1.2).isMet(caseReportOf(cost(ours))))
    expect(verdicts).toEqual([true, false])
    expect(costAtMost('c', 1.2).isMet(caseReportOf(cost(1)))).toBe(undefined)
  })
})

test('numbers have three significant digits, or groups of thousands', () => {
  expect([0.12345, 12.345, 999.9, 1234567.8].map(formatNumber)).toEqual([
    '0.123',
    '12.3',
    '1000',
    '1,234,568',
  ])
})
