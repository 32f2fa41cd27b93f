/**
 * Adds up what the test runs of all workspaces wrote. A run that left no file crashed or never began, so it
 * counts as one failure; so does a skipped test, because a test that cannot run must say so by failing.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Tally   what scripts/vitest/tally-reporter.ts writes
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} failures
 *
 * @typedef {object} Totals
 * @property {number} passed
 * @property {number} failed
 */

/** @param {import('./workspaces.mjs').Workspace} workspace @param {string} run */
function tallyPath(workspace, run) {
  return join(workspace.path, '.test-results', `${run}.json`)
}

/**
 * Call before the run: an old file must not be counted.
 * @param {readonly import('./workspaces.mjs').Workspace[]} workspaces
 */
export function forgetTallies(workspaces, run = 'tests') {
  for (const workspace of workspaces) rmSync(tallyPath(workspace, run), { force: true })
}

/** @param {import('./workspaces.mjs').Workspace} workspace @returns {Tally} */
export function readTally(workspace, run = 'tests') {
  const path = tallyPath(workspace, run)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'))
  return { passed: 0, failed: 1, failures: ['the run left no result: it crashed or did not begin'] }
}

/** @param {readonly Totals[]} parts @returns {Totals} */
export function sum(parts) {
  return {
    passed: parts.reduce((total, part) => total + part.passed, 0),
    failed: parts.reduce((total, part) => total + part.failed, 0),
  }
}

/**
 * Ends a command: prints the closing line, or hands the totals to a command that runs this one as a part of
 * itself and prints the only closing line. Sets the exit code.
 * @param {Totals} totals
 */
export function close(totals) {
  if (totals.failed > 0) process.exitCode = 1
  const file = process.env.SHRAPNEL_TOTALS_FILE
  if (file) writeFileSync(file, JSON.stringify({ passed: totals.passed, failed: totals.failed }))
  else console.log(`${totals.passed} passed, ${totals.failed} failed`)
}
