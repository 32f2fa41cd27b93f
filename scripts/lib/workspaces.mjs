/**
 * The members of the workspace, found the way pnpm-workspace.yaml names them: a folder, or every folder
 * below one (`packages/*`). Other glob forms are not understood and not used here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, readManifest } from './root.mjs'

/**
 * @typedef {object} Workspace
 * @property {string} folder  relative to the root, as `packages/core`
 * @property {string} path    absolute
 * @property {import('./root.mjs').Manifest} manifest
 */

/** @returns {string[]} */
function memberPatterns() {
  const text = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8')
  const list = /^packages:\n((?: +- .*\n)+)/m.exec(text)?.[1] ?? ''
  return list.split('\n').flatMap((line) => /^ +- ['"]?([^'"]+)['"]?$/.exec(line)?.[1] ?? [])
}

/** @returns {Workspace[]} */
export function listWorkspaces() {
  const folders = memberPatterns().flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern]
    const parent = pattern.slice(0, -2)
    if (!existsSync(join(ROOT, parent))) return []
    return readdirSync(join(ROOT, parent))
      .sort()
      .map((name) => `${parent}/${name}`)
  })
  return folders
    .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
    .map((folder) => ({ folder, path: join(ROOT, folder), manifest: readManifest(join(ROOT, folder)) }))
}

export function publishedWorkspaces() {
  return listWorkspaces().filter((workspace) => workspace.manifest.private !== true)
}

/**
 * Those that `names` choose, by folder (`bench`), last part of the folder (`core`) or package name. All, if
 * none is given.
 * @param {Workspace[]} workspaces @param {readonly string[]} names
 */
export function chooseWorkspaces(workspaces, names) {
  if (names.length === 0) return workspaces
  return names.map((name) => {
    const found = workspaces.find(
      ({ folder, manifest }) => folder === name || folder.endsWith(`/${name}`) || manifest.name === name,
    )
    if (!found)
      throw new Error(
        `no workspace is called ${name}: there are ${workspaces.map((w) => w.folder).join(', ')}`,
      )
    return found
  })
}
