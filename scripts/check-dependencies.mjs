/**
 * Compares what each package depends on with the table in ARCHITECTURE.md below "Who may use whom". The
 * table is drawn by hand, so an arrow that nobody decided fails here. Only dependencies among our own
 * packages are looked at.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { report } from './lib/findings.mjs'
import { ROOT } from './lib/root.mjs'
import { listWorkspaces } from './lib/workspaces.mjs'

const SCOPE = '@shrapnel/'
const HEADING = '## Who may use whom'
/** Private, and allowed to every package's tests. */
const TEST_SUPPORT = 'test-support'

/**
 * Lines such as `tls       core`, `http  may use  core, tls` or `core  (nothing)`.
 * @param {string} text @returns {Map<string, Set<string>>}
 */
export function parseArrows(text) {
  const block = text.split(HEADING)[1]?.match(/```\w*\n([\s\S]*?)```/)?.[1]
  if (block === undefined) throw new Error(`ARCHITECTURE.md has no fenced table below "${HEADING}"`)
  const arrows = new Map()
  for (const line of block.split('\n').filter((each) => each.trim() !== '')) {
    const [, name, list = ''] = /^\s*([\w-]+)\s+(?:may use\s+)?(.*?)\s*$/.exec(line) ?? []
    if (!name) throw new Error(`ARCHITECTURE.md, "${HEADING}": cannot read the line "${line}"`)
    const targets = /^\(?nothing\)?$/.test(list) ? [] : list.split(',').map((target) => target.trim())
    arrows.set(name, new Set(targets))
  }
  return arrows
}

/** @param {Record<string, string> | undefined} dependencies */
function ours(dependencies = {}) {
  return Object.keys(dependencies).flatMap((name) =>
    name.startsWith(SCOPE) ? [name.slice(SCOPE.length)] : [],
  )
}

/**
 * @param {import('./lib/workspaces.mjs').Workspace} workspace @param {Map<string, Set<string>>} arrows
 * @returns {string[]}
 */
function wrongArrows({ folder, manifest }, arrows) {
  const name = manifest.name.slice(SCOPE.length)
  const allowed = arrows.get(name) ?? (manifest.private ? new Set() : undefined)
  if (!allowed) return [`${folder}: ${name} is not in the table`]
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifest
  const shipped = ours({ ...dependencies, ...peerDependencies, ...optionalDependencies })
  const forTests = ours(devDependencies).filter((target) => target !== TEST_SUPPORT)
  return [...new Set([...shipped, ...forTests])]
    .filter((target) => !allowed.has(target))
    .map((target) => `${folder}: ${name} may not use ${target}`)
}

const path = join(ROOT, 'ARCHITECTURE.md')
if (existsSync(path)) {
  const arrows = parseArrows(readFileSync(path, 'utf8'))
  const packages = listWorkspaces().filter(({ folder }) => folder.startsWith('packages/'))
  report(packages.flatMap((workspace) => wrongArrows(workspace, arrows)))
} else {
  report(['there is no ARCHITECTURE.md'])
}
