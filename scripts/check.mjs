/**
 * `pnpm check [name…]`: the static checks, all or those named. Each counts as one in the closing line. What
 * a check printed is shown only if it failed.
 */
import { join } from 'node:path'
import { run } from './lib/command.mjs'
import { install } from './lib/install.mjs'
import { tool, turbo } from './lib/pnpm.mjs'
import { ROOT } from './lib/root.mjs'
import { close } from './lib/tally.mjs'
import { publishedWorkspaces } from './lib/workspaces.mjs'

/** @typedef {import('./lib/command.mjs').Outcome} Outcome */

/** @type {import('./lib/command.mjs').CommandOptions} */
const CAPTURED = { output: 'capture' }

/** @param {string} name */
const own = (name) => run(process.execPath, [join(ROOT, 'scripts', name)], CAPTURED)

/**
 * Runs `check` on one package after the other and joins the outcomes.
 * @param {(path: string) => Promise<Outcome>} check @returns {Promise<Outcome>}
 */
async function onEachPackage(check) {
  const joined = { code: 0, output: '' }
  for (const { folder, path } of publishedWorkspaces()) {
    const { code, output } = await check(path)
    if (code !== 0) joined.code = code
    joined.output += `${folder}\n${output}\n`
  }
  return joined
}

async function types() {
  const members = await turbo(['typecheck', '--output-logs=errors-only', '--continue=always'], CAPTURED)
  const root = await tool('tsc', ['-p', 'tsconfig.json'], CAPTURED)
  return { code: members.code || root.code, output: members.output + root.output }
}

/** @type {Record<string, () => Promise<Outcome>>} */
const CHECKS = {
  types,
  style: () => tool('biome', ['ci', '--colors=off', '.'], CAPTURED),
  habits: () => own('check-habits.mjs'),
  arrows: () => own('check-dependencies.mjs'),
  lockfile: () => own('check-lockfile.mjs'),
  unused: () => tool('knip', ['--no-progress', '--no-config-hints'], CAPTURED),
  publint: () => onEachPackage((path) => tool('publint', ['run', '--strict', path], CAPTURED)),
  attw: () =>
    onEachPackage((path) =>
      tool('attw', ['--pack', path, '--profile', 'esm-only', '--no-color', '--no-emoji'], CAPTURED),
    ),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in CHECKS))
if (unknown.length > 0)
  throw new Error(`no check is called ${unknown.join(', ')}: there are ${Object.keys(CHECKS).join(', ')}`)

await install()
if (['types', 'publint', 'attw'].some((name) => wanted.length === 0 || wanted.includes(name))) {
  const built = await turbo(['build', '--output-logs=errors-only'], CAPTURED)
  if (built.code !== 0) console.log(built.output)
}

const totals = { passed: 0, failed: 0 }
for (const [name, check] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { code, output } = await check().catch((error) => ({ code: 1, output: String(error) }))
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}`)
  if (code === 0) totals.passed++
  else totals.failed++
  if (code !== 0) console.log(output.trimEnd().replaceAll(/^/gm, '    '))
}
close(totals)
