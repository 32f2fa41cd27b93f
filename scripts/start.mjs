/** `npm start`: from a fresh clone to the running demonstration. */
import { join } from 'node:path'
import { run } from './lib/command.mjs'
import { install } from './lib/install.mjs'
import { turbo } from './lib/pnpm.mjs'
import { ROOT, readManifest } from './lib/root.mjs'
import { runStages } from './lib/stages.mjs'
import { ensureSystemPackages } from './lib/system-packages.mjs'

const ready = await runStages([
  [
    'installing',
    async () => {
      await ensureSystemPackages(['build'])
      await install()
    },
  ],
  [
    'building',
    async () => {
      const { code } = await turbo(['build', '--filter=./examples', '--output-logs=errors-only'])
      if (code !== 0) throw new Error('the messages of the build are above')
    },
  ],
  ['starting', () => {}],
])

if (ready) {
  // The `start` script of examples/, without pnpm in between: at SIGTERM pnpm leaves its child behind.
  const examples = join(ROOT, 'examples')
  const script = readManifest(examples).scripts?.start ?? 'false'
  const command = ['-c', `exec ${script} "$@"`, 'start', ...process.argv.slice(2)]
  process.exitCode = (await run('sh', command, { cwd: examples })).code
} else {
  process.exitCode = 1
}
