/**
 * `npm test [workspace…]`: installs, builds, and runs the tests of every workspace (or of those named), two
 * at a time. Ends with one line, `N passed, N failed`, that sums them all.
 */
import { install } from './lib/install.mjs'
import { turbo } from './lib/pnpm.mjs'
import { runStages } from './lib/stages.mjs'
import { ensureSystemPackages } from './lib/system-packages.mjs'
import { close, forgetTallies, readTally, sum } from './lib/tally.mjs'
import { chooseWorkspaces, listWorkspaces } from './lib/workspaces.mjs'

/** @type {import('./lib/workspaces.mjs').Workspace[]} */
let tested = []
const filters = () => tested.map(({ folder }) => `--filter=./${folder}`)
let testExitCode = 0

const ran = await runStages([
  [
    'looking for system packages',
    () => {
      const testable = listWorkspaces().filter(({ manifest }) => manifest.scripts?.test)
      tested = chooseWorkspaces(testable, process.argv.slice(2))
      return ensureSystemPackages(['build', 'test'])
    },
  ],
  ['installing', () => install()],
  [
    'building',
    async () => {
      const { code } = await turbo(['build', ...filters(), '--output-logs=errors-only'])
      if (code !== 0) throw new Error('the messages of the build are above')
    },
  ],
  [
    'testing',
    async () => {
      forgetTallies(tested)
      const { code } = await turbo(['test', ...filters(), '--continue=always', '--log-order=grouped'])
      testExitCode = code
    },
  ],
])

if (ran) {
  const tallies = tested.map((workspace) => ({ folder: workspace.folder, ...readTally(workspace) }))
  console.log(`\n${'workspace'.padEnd(24)}  passed  failed`)
  for (const { folder, passed, failed, failures } of tallies) {
    console.log(`${folder.padEnd(24)}  ${String(passed).padStart(6)}  ${String(failed).padStart(6)}`)
    for (const failure of failures) console.log(`  × ${failure}`)
  }
  const totals = sum(tallies)
  // A run can end badly after its last test has passed, when the process dies during clean-up for example.
  if (testExitCode !== 0 && totals.failed === 0) {
    console.log('a test run ended with an error although every test passed: see above')
    totals.failed = 1
  }
  close(totals)
} else {
  close({ passed: 0, failed: 1 })
}
