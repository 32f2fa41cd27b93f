/** `npm start`: from a fresh clone to the running demonstration. */
import { build, isBuilt } from './lib/build.mjs'
import { run } from './lib/command.mjs'
import { install, isInstalled } from './lib/install.mjs'
import { runStages } from './lib/stages.mjs'
import { ensureSystemPackages } from './lib/system-packages.mjs'
import { chooseWorkspaces, listWorkspaces } from './lib/workspaces.mjs'

const [examples] = chooseWorkspaces(listWorkspaces(), ['examples'])
if (examples === undefined) throw new Error('there is no workspace examples')

const starting = /** @type {const} */ (['starting', () => {}])
const ready = await runStages(
  isInstalled() && isBuilt(examples)
    ? [starting]
    : [
        [
          'installing',
          async () => {
            await ensureSystemPackages(['build'])
            await install()
          },
        ],
        ['building', () => build(examples)],
        starting,
      ],
)

if (ready) {
  // The `start` script of examples/, without pnpm in between: at SIGTERM pnpm leaves its child behind.
  const script = examples.manifest.scripts?.start ?? 'false'
  const command = ['-c', `exec ${script} "$@"`, 'start', ...process.argv.slice(2)]
  process.exitCode = (await run('sh', command, { cwd: examples.path })).code
} else {
  process.exitCode = 1
}
