/**
 * The test set-up that every workspace shares. A workspace's vitest.config.ts calls `packageTests()` and
 * passes what it alone needs. Nothing here retries, skips or hides a test.
 *
 * SHRAPNEL_TEST_BUILT=1   imports of `../src/…` lead to `../dist/…`
 * SHRAPNEL_TEST_RUN=name  the result is written to `.test-results/<name>.json` (default: tests)
 */
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { builtImports } from './scripts/vitest/built-imports.js'
import { TallyReporter } from './scripts/vitest/tally-reporter.js'

export function packageTests(own: ViteUserConfig['test'] = {}): ViteUserConfig {
  const testsBuilt = process.env.SHRAPNEL_TEST_BUILT === '1'
  return defineConfig({
    plugins: testsBuilt ? [builtImports(process.cwd())] : [],
    // Node 20 knows neither `using` nor `await using`.
    oxc: { target: 'es2022' },
    test: {
      include: ['test/**/*.test.ts'],
      reporters: ['default', new TallyReporter(process.env.SHRAPNEL_TEST_RUN ?? 'tests')],
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: 10_000,
      retry: 0,
      allowOnly: false,
      passWithNoTests: false,
      // What is built is loaded by Node itself. If vite loaded it, a package imported both by a test and by another built
      // package would exist twice, with two of every class and of every AsyncLocalStorage.
      server: { deps: { external: [/\/dist\/.*\.js$/] } },
      ...own,
    },
  })
}
