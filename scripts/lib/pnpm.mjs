/**
 * The pinned pnpm, on a machine that has none. npx fetches it once; its path is then remembered below
 * node_modules, so that later commands save npx's second of start-up. turbo starts the scripts of the
 * workspaces through `pnpm`, therefore every program started here finds the pinned one first on its PATH.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { run } from './command.mjs'
import { pinnedPnpmVersion, ROOT } from './root.mjs'

const MEMO = join(ROOT, 'node_modules/.shrapnel/pnpm.json')

/** @type {Promise<string> | undefined} */
let known

/** The path of the pinned pnpm. */
function findPnpm() {
  known ??= Promise.resolve(remembered() ?? fetchPnpm())
  return known
}

/** @returns {string | undefined} */
function remembered() {
  if (!existsSync(MEMO)) return undefined
  const memo = JSON.parse(readFileSync(MEMO, 'utf8'))
  return memo.version === pinnedPnpmVersion() && existsSync(memo.path) ? memo.path : undefined
}

async function fetchPnpm() {
  const version = pinnedPnpmVersion()
  const ask = ['--yes', `--package=pnpm@${version}`, '--call', 'command -v pnpm']
  const { code, output } = await run('npx', ask, { output: 'capture' }).catch((error) => {
    throw new Error(`npx cannot be started (${error.code}): install npm, which brings it`)
  })
  const path = output.split('\n').find((line) => line.startsWith('/') && existsSync(line.trim()))
  if (code !== 0 || !path) throw new Error(`npx could not fetch pnpm ${version}:\n${output}`)
  return path.trim()
}

/** Call after an install: node_modules exists then. */
export async function rememberPnpm() {
  const path = await findPnpm()
  mkdirSync(dirname(MEMO), { recursive: true })
  writeFileSync(MEMO, `${JSON.stringify({ version: pinnedPnpmVersion(), path })}\n`)
}

/** @param {Record<string, string | undefined>} env */
async function withPnpmOnPath(env) {
  return { ...env, PATH: `${dirname(await findPnpm())}${delimiter}${process.env.PATH ?? ''}` }
}

/** @param {readonly string[]} args @param {import('./command.mjs').CommandOptions} [options] */
export async function pnpm(args, options = {}) {
  return run(await findPnpm(), args, { ...options, env: await withPnpmOnPath(options.env ?? {}) })
}

/**
 * A tool that the root's devDependencies bring.
 * @param {string} name @param {readonly string[]} args @param {import('./command.mjs').CommandOptions} [options]
 */
export async function tool(name, args, options = {}) {
  const path = join(ROOT, 'node_modules/.bin', name)
  return run(path, args, { ...options, env: await withPnpmOnPath(options.env ?? {}) })
}

/**
 * `turbo run` for `task` in the given workspaces, or in all.
 * @param {readonly string[]} args @param {import('./command.mjs').CommandOptions} [options]
 */
export function turbo(args, options = {}) {
  return tool('turbo', ['run', ...args], options)
}
