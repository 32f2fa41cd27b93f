/** The program as it is started, from outside. Its figures are not looked at: this is no timed test. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BENCHMARKS } from '../src/benchmarks/all.js'
import { FOLDERS } from '../src/folders.js'

const bench = (...argv: string[]) =>
  spawnSync(process.execPath, [join(FOLDERS.dist, 'main.js'), ...argv], { encoding: 'utf8' })

test('without a name it lists every benchmark', () => {
  const { status, stdout } = bench()
  expect(status).toBe(0)
  for (const { name, summary } of BENCHMARKS)
    expect(stdout).toMatch(new RegExp(`^${name} +${summary.slice(0, 20)}`, 'm'))
})

test('a wrong name is answered on stderr and with code 1', () => {
  expect(bench('chanel', '--json')).toMatchObject({ status: 1, stdout: '' })
  expect(bench('chanel').stderr).toContain("did you mean 'channel'?")
})

test('with --json standard output holds the report and nothing else', () => {
  const { status, stdout } = bench('channel', '--quick', '--json')
  expect(status).toBe(0)
  const figure = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) }
  expect(JSON.parse(stdout)).toEqual({
    name: 'channel',
    unit: 'operations/s',
    cases: [
      {
        case: 'rendezvous between 2 coroutines (messages/s)',
        results: { ours: figure, promises: figure, TransformStream: figure },
        ratios: { promises: expect.any(Number), TransformStream: expect.any(Number) },
      },
      {
        case: 'select over 8 channels (selects/s)',
        results: { ours: figure, 'Promise.race': figure },
        ratios: { 'Promise.race': expect.any(Number) },
      },
    ],
  })
})
