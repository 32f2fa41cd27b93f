/**
 * Builds a workspace and all that it needs, unless nothing has changed since the last good build: no file that it is made
 * from, and none that was made. Only names, sizes and times are looked at; asking turbo, which reads every file, takes a second.
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { turbo } from './pnpm.mjs'
import { ROOT } from './root.mjs'
import { listWorkspaces } from './workspaces.mjs'

const STAMPS = join(ROOT, 'node_modules/.shrapnel/built')
const DECISIVE = ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'turbo.json']
/** Of a workspace, folders that no build reads or writes; nor those whose names begin with a dot. */
const BYSTANDERS = new Set(['node_modules', 'test', 'service/data'])
const MADE = new Set(['dist', 'build', 'prebuilds'])

/** @param {import('./workspaces.mjs').Workspace} workspace */
function stampOf(workspace) {
  return join(STAMPS, workspace.manifest.name.replace('/', '-'))
}

/**
 * The workspace and those that it needs, in a lasting order.
 * @param {import('./workspaces.mjs').Workspace} workspace
 */
function withNeeded(workspace) {
  const known = new Map(listWorkspaces().map((each) => [each.manifest.name, each]))
  const needed = new Set([workspace])
  for (const { manifest } of needed) {
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      const other = known.get(name)
      if (other !== undefined && ![...needed].some(({ folder }) => folder === other.folder)) needed.add(other)
    }
  }
  return [...needed]
}

/**
 * @param {import('./workspaces.mjs').Workspace} workspace
 * @returns {{ sources: string, made: string }}
 */
function fingerprints(workspace) {
  const sources = createHash('sha256').update(
    `${process.platform} ${process.arch} ${process.versions.modules}`,
  )
  const made = createHash('sha256')
  for (const file of DECISIVE) note(sources, join(ROOT, file))
  for (const { path } of withNeeded(workspace)) walk(path, '', sources, made)
  return { sources: sources.digest('hex'), made: made.digest('hex') }
}

/** @param {string} root @param {string} folder @param {import('node:crypto').Hash} sources @param {import('node:crypto').Hash} made */
function walk(root, folder, sources, made) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) note(sources, join(root, path))
    else if (!BYSTANDERS.has(path) && !entry.name.startsWith('.'))
      walk(root, path, MADE.has(entry.name) ? made : sources, made)
  }
}

/**
 * The time of the last change of any kind is one that no program can set back.
 * @param {import('node:crypto').Hash} hash @param {string} path
 */
function note(hash, path) {
  const { size, ctimeNs } = lstatSync(path, { bigint: true })
  hash.update(`${path} ${size} ${ctimeNs}\n`)
}

/** @param {import('./workspaces.mjs').Workspace} workspace */
export function isBuilt(workspace) {
  const stamp = stampOf(workspace)
  if (!existsSync(stamp)) return false
  const { sources, made } = fingerprints(workspace)
  return readFileSync(stamp, 'utf8') === `${sources} ${made}\n`
}

/** @param {import('./workspaces.mjs').Workspace} workspace */
export async function build(workspace) {
  rmSync(stampOf(workspace), { force: true })
  // Taken before: what is edited while it is being built is built again the next time.
  const { sources } = fingerprints(workspace)
  const { code } = await turbo(['build', `--filter=./${workspace.folder}`, '--output-logs=errors-only'])
  if (code !== 0) throw new Error('the messages of the build are above')
  mkdirSync(dirname(stampOf(workspace)), { recursive: true })
  writeFileSync(stampOf(workspace), `${sources} ${fingerprints(workspace).made}\n`)
}
