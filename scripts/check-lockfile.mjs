/**
 * The lockfile may name versions and hashes, and nothing about where they were fetched: it must serve under
 * any registry or mirror. The same holds for npm's own settings, which belong to a machine.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { report } from './lib/findings.mjs'
import { ROOT } from './lib/root.mjs'

/** @param {string} file @param {RegExp} forbidden */
function linesWith(file, forbidden) {
  const path = join(ROOT, file)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (forbidden.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []))
}

report([
  ...(existsSync(join(ROOT, 'pnpm-lock.yaml')) ? [] : ['there is no pnpm-lock.yaml']),
  ...linesWith('pnpm-lock.yaml', /tarball:|https?:\/\/|git\+|[ @]file:/),
  ...linesWith('.npmrc', /registry|https?:|_auth/),
  ...linesWith('pnpm-workspace.yaml', /registr(?:y|ies):|https?:/),
])
