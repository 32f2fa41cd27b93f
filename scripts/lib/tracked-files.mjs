/**
 * The files that belong to the repository: those git tracks and those it would, given the chance. In a copy
 * without git, all files outside the folders that are never committed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from './root.mjs'

const NEVER_COMMITTED = new Set([
  'node_modules',
  'dist',
  'build',
  'prebuilds',
  '.git',
  '.turbo',
  '.cache',
  '.test-results',
])

/** @returns {string[]} relative to the root, with forward slashes */
export function trackedFiles() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const git = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  const all = git.status === 0 ? git.stdout.split('\0').filter((file) => file !== '') : walk(ROOT)
  // A tracked file may have been deleted without git having been told.
  return [...new Set(all)].filter(
    (file) => existsSync(join(ROOT, file)) && statSync(join(ROOT, file)).isFile(),
  )
}

/** @param {string} folder @returns {string[]} */
function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NEVER_COMMITTED.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? walk(path) : [relative(ROOT, path)]
  })
}
