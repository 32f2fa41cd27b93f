import { resolve } from 'node:path'
import type { ViteUserConfig } from 'vitest/config'
import { builtImports } from '../../scripts/vitest/built-imports.js'
import { packageTests } from '../../vitest.shared.js'

const shared = packageTests()

const config: ViteUserConfig = {
  ...shared,
  // The contract of Stream is a file of the core's tests. What it imports must be the core that this package runs on.
  plugins: [...(shared.plugins ?? []), builtImports(resolve(import.meta.dirname, '../core'))],
}

export default config
