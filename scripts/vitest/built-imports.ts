/**
 * A vite plugin: what a test imports from its workspace's `src/` comes from `dist/` instead, so that the
 * tests written against the source also judge what is published. Imports by package name always lead to
 * `dist/` and are not touched.
 */
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'vite'

/** `workspace` is the folder that holds `src/`, `dist/` and `test/`. */
export function builtImports(workspace: string): Plugin {
  const source = join(workspace, 'src') + sep
  const tests = join(workspace, 'test') + sep
  return {
    name: 'shrapnel:built-imports',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (!specifier.startsWith('.') || !importer?.startsWith(tests)) return null
      const wanted = resolve(dirname(importer), specifier)
      if (!wanted.startsWith(source)) return null
      const built = join(workspace, 'dist', relative(source, wanted))
      if (!existsSync(built))
        throw new Error(`${importer} imports ${specifier}, but there is no ${built}: build first`)
      return built
    },
  }
}
