/**
 * Installs the workspace's dependencies, unless nothing that decides them has changed since the last time:
 * the lockfile, the workspace file, every package.json, and Node's ABI. Does not install Debian packages.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pnpm, rememberPnpm } from './pnpm.mjs'
import { ROOT } from './root.mjs'
import { listWorkspaces } from './workspaces.mjs'

const STAMP = join(ROOT, 'node_modules/.shrapnel/installed')

function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}`)
  const files = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml']
  for (const file of [...files, ...listWorkspaces().map(({ folder }) => `${folder}/package.json`)]) {
    const path = join(ROOT, file)
    hash.update(`\n${file}\n`).update(existsSync(path) ? readFileSync(path) : 'absent')
  }
  return hash.digest('hex')
}

/** Whether there is nothing to install. */
export function isInstalled() {
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== fingerprint()) return false
  return listWorkspaces().every(({ path, manifest }) => {
    const direct = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    return direct.every((name) => existsSync(join(path, 'node_modules', name)))
  })
}

/** @param {import('./command.mjs').CommandOptions} [options] */
export async function install(options = {}) {
  if (isInstalled()) return
  const { code } = await pnpm(['install', '--reporter=append-only'], options)
  if (code !== 0) throw new Error('pnpm install failed: its message is above')
  await rememberPnpm()
  mkdirSync(dirname(STAMP), { recursive: true })
  // Read again: the install may have written the lockfile.
  writeFileSync(STAMP, fingerprint())
}
