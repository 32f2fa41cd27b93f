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
 * What is run of a package's tests on its other builds. The sanitizers make everything several times slower: they get what touches the
 * addon.
 */
const TLS_ON_DESCRIPTORS = ['test/hostile', 'test/contract', 'test/cancellation', 'test/ends', 'test/listen']
const OTHER_BUILDS = /** @type {const} */ ([
  ['packages/core', 'kqueue', []],
  ['packages/core', 'asan', ['test/native', 'test/net']],
  ['packages/tls', 'kqueue', TLS_ON_DESCRIPTORS],
  ['packages/tls', 'asan', TLS_ON_DESCRIPTORS],
])

/** @returns {Promise<import('./lib/tally.mjs').Totals[]>} */
async function onOtherBuilds() {
  const totals = []
  for (const [workspace, name, folders] of OTHER_BUILDS) {
    const program = [join(ROOT, 'packages/core/scripts/test-variant.mjs'), name, ...folders]
    const cwd = join(ROOT, workspace)
    const { code } = await run(process.execPath, program, { cwd, env: { CI: 'true' } })
    console.log(code === 0 ? `ok      ${workspace} ${name}` : `FAILED  ${workspace} ${name}`)
    totals.push(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
  }
  return totals
}

mkdirSync(FOLDER, { recursive: true })
const tests = await part('tests', 'npm', ['--silent', 'test'])
console.log('\ntests on other builds')
const builds = sum(await onOtherBuilds())
console.log('\nstatic checks')
const checks = await part('checks', process.execPath, ['scripts/check.mjs'])
close(sum([tests, builds, checks]))
