/**
 * Writes what a test run came to into the workspace's `.test-results/`, where the commands of the root add
 * it up. Counts what vitest's own summary tells apart: a file that could not be loaded and an error outside
 * of any test are failures, and so is a test that was skipped.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, TestModule, Vitest } from 'vitest/node'

interface Tally {
  passed: number
  failed: number
  failures: string[]
}

export class TallyReporter implements Reporter {
  readonly #run: string
  #workspace = process.cwd()

  /** `run` names the file: one workspace may be tested several times, under several Nodes for example. */
  constructor(run: string) {
    this.#run = run
  }

  onInit(vitest: Vitest): void {
    this.#workspace = vitest.config.root
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { readonly message?: string }[]): void {
    const tally: Tally = { passed: 0, failed: 0, failures: [] }
    for (const module of modules) countModule(module, tally)
    for (const { message = 'no message' } of unhandled)
      fail(tally, `an error outside of any test: ${message}`)
    const folder = join(this.#workspace, '.test-results')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${this.#run}.json`), `${JSON.stringify(tally, null, 2)}\n`)
  }
}

function countModule(module: TestModule, tally: Tally): void {
  const file = module.relativeModuleId
  const failedBefore = tally.failed
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state === 'passed') tally.passed++
    else fail(tally, `${file} > ${test.fullName}${state === 'failed' ? '' : ` (${state})`}`)
  }
  for (const suite of module.children.allSuites()) {
    if (suite.errors().length > 0) fail(tally, `${file} > ${suite.fullName} (its hooks)`)
  }
  if (module.errors().length > 0) fail(tally, `${file} (the file itself)`)
  else if (!module.ok() && failedBefore === tally.failed)
    fail(tally, `${file} (no test of it failed, the file did)`)
}

function fail(tally: Tally, what: string): void {
  tally.failed++
  tally.failures.push(what)
}
