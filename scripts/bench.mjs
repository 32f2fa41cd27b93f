/**
 * `pnpm bench [name…] [--json] [--quick]`: builds what the benchmarks need and hands every argument to
 * them. All that is said on the way goes to stderr, so that with --json stdout holds the JSON and nothing
 * else.
 */
import { join } from 'node:path'
import { run } from './lib/command.mjs'
import { install } from './lib/install.mjs'
import { turbo } from './lib/pnpm.mjs'
import { ROOT } from './lib/root.mjs'
import { missingSystemPackages } from './lib/system-packages.mjs'

await install({ output: 'stderr' })
// What only some benchmarks need keeps the others from nothing: those that need it fail, and say so again.
for (const { package: name, by } of await missingSystemPackages(['bench']))
  console.error(`${name} is missing, which is needed by ${by}: apt-get install ${name}`)
const built = await turbo(['build', '--filter=./bench', '--output-logs=errors-only'], { output: 'capture' })
if (built.code === 0) {
  const args = process.argv[2] === '--' ? process.argv.slice(3) : process.argv.slice(2)
  const { code } = await run(process.execPath, [join(ROOT, 'bench/dist/main.js'), ...args], {
    cwd: process.cwd(),
  })
  process.exitCode = code
} else {
  console.error(`${built.output}\nthe benchmarks could not be built`)
  process.exitCode = 1
}
