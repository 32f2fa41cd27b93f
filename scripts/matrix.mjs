/**
 * `pnpm test:matrix [major…]`: the tests of the built packages under each Node that we support (20, 22, 24
 * and 26). One build serves all: what differs is only the Node that runs it. Those that are not here are
 * fetched from npm into `.cache/`.
 */
import { cpus } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { run } from './lib/command.mjs'
import { install } from './lib/install.mjs'
import { findNode } from './lib/node-binaries.mjs'
import { turbo } from './lib/pnpm.mjs'
import { runStages } from './lib/stages.mjs'
import { ensureSystemPackages } from './lib/system-packages.mjs'
import { close, forgetTallies, readTally, sum } from './lib/tally.mjs'
import { listWorkspaces } from './lib/workspaces.mjs'

const MAJORS = [20, 22, 24, 26]
const asked = process.argv.slice(2).map(Number)
const majors = asked.length > 0 ? asked : MAJORS
const packages = listWorkspaces().filter(
  ({ folder, manifest }) => folder.startsWith('packages/') && manifest.scripts?.test,
)

/** @typedef {{ folder: string, major: number, passed: number, failed: number }} Cell */

/**
 * @param {import('./lib/workspaces.mjs').Workspace} workspace
 * @param {number} major
 * @returns {Promise<Cell>}
 */
async function testOn(workspace, major) {
  const name = `node-${major}`
  const node = await findNode(major)
  forgetTallies([workspace], name)
  const { code, output } = await run(node, [join(workspace.path, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: workspace.path,
    output: 'capture',
    env: {
      SHRAPNEL_TEST_BUILT: '1',
      SHRAPNEL_TEST_RUN: name,
      // Programs that a test starts as `node …` are to run under the same one.
      PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    },
  })
  const { passed, failed } = readTally(workspace, name)
  const cell = { folder: workspace.folder, major, passed, failed: code !== 0 && failed === 0 ? 1 : failed }
  console.log(`  Node ${major}  ${workspace.folder}  ${cell.failed === 0 ? 'ok' : 'FAILED'}`)
  if (cell.failed > 0) console.log(output.replaceAll(/^/gm, '    '))
  return cell
}

/** @param {number} major @returns {Promise<Cell[]>} */
async function testAllOn(major) {
  const waiting = [...packages]
  /** @type {Cell[]} */
  const cells = []
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) cells.push(await testOn(next, major))
  }
  await Promise.all(Array.from({ length: Math.min(2, cpus().length) }, worker))
  return cells
}

/** @type {Cell[]} */
const cells = []
const ran = await runStages([
  ['looking for system packages', () => ensureSystemPackages(['build', 'test'])],
  ['installing', () => install()],
  [
    'building',
    async () => {
      const { code } = await turbo(['build', '--filter=./packages/*', '--output-logs=errors-only'])
      if (code !== 0) throw new Error('the messages of the build are above')
    },
  ],
  [
    `testing on Node ${majors.join(', ')}`,
    async () => {
      for (const major of majors) await findNode(major)
      for (const major of majors) cells.push(...(await testAllOn(major)))
    },
  ],
])

if (ran) {
  const heads = majors.map((major) => `Node ${major}`.padStart(16)).join('')
  console.log(`\n${'passed/failed'.padEnd(24)}${heads}`)
  for (const { folder } of packages) {
    const row = majors.map((major) => {
      const cell = cells.find((each) => each.folder === folder && each.major === major)
      return (cell ? `${cell.passed}/${cell.failed}` : '-').padStart(16)
    })
    console.log(`${folder.padEnd(24)}${row.join('')}`)
  }
}
close(ran ? sum(cells) : { passed: 0, failed: 1 })
