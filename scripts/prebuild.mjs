/**
 * `pnpm prebuild`: makes the prebuilt binary of each native package for this machine, below its
 * `prebuilds/`. npm would also run a script of this name before `build`; nothing is made then.
 */
import { install } from './lib/install.mjs'
import { pnpm } from './lib/pnpm.mjs'

if (process.env.npm_config_user_agent?.startsWith('npm/')) {
  console.log('prebuilt binaries are made by `pnpm prebuild`; not made now')
} else {
  await install()
  process.exitCode = (
    await pnpm(['--recursive', '--if-present', 'run', 'prebuild:binary', ...process.argv.slice(2)])
  ).code
}
