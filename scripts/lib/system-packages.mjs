/**
 * The programs that no npm package brings: compilers for the build, clients and servers for the tests. Each
 * is listed once, in system-packages.json. What is missing is installed if we are root on a Debian-like
 * system, else named exactly.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.mjs'
import { ROOT } from './root.mjs'

/**
 * @typedef {object} SystemPackage
 * @property {string} package     its name in Debian
 * @property {string} provenBy    a shell command that succeeds if it is there
 * @property {'build' | 'test' | 'bench'} neededFor
 * @property {string} by          the workspace that needs it
 */

/** @param {SystemPackage} wanted */
async function isThere(wanted) {
  return (await run('sh', ['-c', wanted.provenBy], { output: 'capture' })).code === 0
}

/** @param {readonly SystemPackage[]} wanted */
async function missingOf(wanted) {
  const there = await Promise.all(wanted.map(isThere))
  return wanted.filter((_, index) => !there[index])
}

/** @param {readonly SystemPackage['neededFor'][]} purposes */
export async function missingSystemPackages(purposes) {
  /** @type {SystemPackage[]} */
  const list = JSON.parse(readFileSync(join(ROOT, 'scripts/system-packages.json'), 'utf8'))
  return await missingOf(list.filter(({ neededFor }) => purposes.includes(neededFor)))
}

/** @param {readonly SystemPackage['neededFor'][]} purposes */
export async function ensureSystemPackages(purposes) {
  const missing = await missingSystemPackages(purposes)
  if (missing.length === 0) return
  const names = missing.map((each) => each.package)
  const why = missing
    .map((each) => `  ${each.package}: ${each.neededFor} of ${each.by} (${each.provenBy})`)
    .join('\n')
  const hasApt = (await run('sh', ['-c', 'command -v apt-get'], { output: 'capture' })).code === 0
  const aptArgs = ['install', '-y', '--no-install-recommends', ...names]
  if (!hasApt) throw new Error(`missing programs; under Debian the packages are called\n${why}`)
  if (process.getuid?.() !== 0)
    throw new Error(`missing programs:\n${why}\nInstall them with\n\n  sudo apt-get ${aptArgs.join(' ')}\n`)
  await installWithApt(aptArgs)
  const still = await missingOf(missing)
  if (still.length > 0) {
    throw new Error(
      `installed, but not found: ${still.map((each) => `${each.package} (${each.provenBy})`).join(', ')}`,
    )
  }
}

/** @param {readonly string[]} aptArgs */
async function installWithApt(aptArgs) {
  console.log(`installing Debian packages: apt-get ${aptArgs.join(' ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], aptArgs]) {
    const { code, output } = await run('apt-get', ['-q', ...args], { env, output: 'capture' })
    if (code !== 0) throw new Error(`apt-get ${args.join(' ')} failed:\n${output}`)
  }
}
