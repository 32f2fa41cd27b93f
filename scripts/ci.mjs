/**
 * What .ci/run does: `npm test`, then core's tests on its other builds, then the static checks, whatever the
 * tests said. Ends with one line, `N passed, N failed`, that sums the tests of all workspaces and the checks; each
 * other build counts as one.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './lib/command.mjs'
import { ROOT } from './lib/root.mjs'
import { close, sum } from './lib/tally.mjs'

const FOLDER = join(ROOT, '.test-results')

/**
 * @param {string} name @param {string} program @param {readonly string[]} args
 * @returns {Promise<import('./lib/tally.mjs').Totals>}
 */
async function part(name, program, args) {
  const file = join(FOLDER, `${name}.json`)
  rmSync(file, { force: true })
  const { code } = await run(program, args, { env: { CI: 'true', SHRAPNEL_TOTALS_FILE: file } })
  const totals = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 1 }
  // An exit code that no failed test explains is itself a failure.
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals
}

/**
 * What an other build runs of core's tests. The sanitizers make everything several times slower: they get what touches the
 * addon.
 */
const OTHER_BUILDS = { kqueue: [], asan: ['test/native', 'test/net'] }

/** @returns {Promise<import('./lib/tally.mjs').Totals[]>} */
async function onOtherBuilds() {
  const totals = []
  for (const [name, folders] of Object.entries(OTHER_BUILDS)) {
    const program = ['scripts/test-variant.mjs', name, ...folders]
    const cwd = join(ROOT, 'packages/core')
    const { code } = await run(process.execPath, program, { cwd, env: { CI: 'true' } })
    console.log(code === 0 ? `ok      ${name}` : `FAILED  ${name}`)
    totals.push(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
  }
  return totals
}

mkdirSync(FOLDER, { recursive: true })
const tests = await part('tests', 'npm', ['--silent', 'test'])
console.log("\ncore's tests on its other builds")
const builds = sum(await onOtherBuilds())
console.log('\nstatic checks')
const checks = await part('checks', process.execPath, ['scripts/check.mjs'])
close(sum([tests, builds, checks]))
