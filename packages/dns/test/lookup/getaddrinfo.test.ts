/**
 * Our lookup and glibc's getaddrinfo, asked the same on the same machine: a child in namespaces of its own, whose /etc is the scenario's,
 * with a name server on its loopback. Compared are addresses with their order, and the names that were asked for.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram, temporaryFolder } from '@shrapnel/test-support'
import { beforeAll, describe, expect, test } from 'vitest'
import { DIFFERENCES, REVERSE_SCENARIOS, SCENARIOS, type Scenario } from './getaddrinfo-scenarios.js'

const program = new URL('../programs/getaddrinfo.mjs', import.meta.url)

interface Outcome {
  readonly addresses?: readonly string[]
  readonly code?: string
  readonly asked: readonly string[]
}

interface Result {
  readonly host: string
  readonly family: number | 'reverse'
  readonly theirs: Outcome
  readonly ours: Outcome
}

async function compare(scenarios: readonly Scenario[]): Promise<Result[]> {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'scenarios.json')
  writeFileSync(path, JSON.stringify(scenarios))
  const { stdout, stderr, code } = await runProgram(program, {
    nodePath: 'unshare',
    nodeArgs: ['-Urnm', process.execPath],
    args: [path],
    timeoutMs: 50_000,
  })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return JSON.parse(stdout) as Result[]
}

const results = new Map<Scenario, Result[]>()

beforeAll(async () => {
  const scenarios = [...SCENARIOS, ...REVERSE_SCENARIOS, ...DIFFERENCES.map(({ scenario }) => scenario)]
  const outcomes = await compare(scenarios)
  for (const scenario of scenarios) results.set(scenario, outcomes.splice(0, scenario.questions.length))
}, 60_000)

describe('as getaddrinfo and getnameinfo', () => {
  test.each([...SCENARIOS, ...REVERSE_SCENARIOS])('$why', (scenario) => {
    const told = results.get(scenario)?.map(({ host, family, ours }) => ({ host, family, ...ours }))
    const expected = results.get(scenario)?.map(({ host, family, theirs }) => ({ host, family, ...theirs }))
    expect(told).toHaveLength(scenario.questions.length)
    expect(told).toEqual(expected)
  })
})

const said = ({ addresses, code }: Outcome): string => addresses?.join(' ') ?? String(code)

describe('otherwise than getaddrinfo', () => {
  test.each(DIFFERENCES)('$why', ({ scenario, theirs, ours }) => {
    const [result] = results.get(scenario) as [Result]
    expect(said(result.ours)).toBe(ours)
    expect([theirs, ours]).toContain(said(result.theirs))
  })
})
