/** `pnpm build` and the like: `turbo run <task> [options]`, after an install if one is due. */
import { install } from './lib/install.mjs'
import { turbo } from './lib/pnpm.mjs'

await install()
process.exitCode = (await turbo(process.argv.slice(2))).code
