/**
 * Where the repository is and what its package.json says. Reads files only; promises nothing about what is
 * installed.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {boolean} [private]
 * @property {string} [packageManager]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 */

/** @param {string} folder @returns {Manifest} */
export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** The version after `pnpm@` in the root's `packageManager`. */
export function pinnedPnpmVersion() {
  const pin = /^pnpm@(\d+\.\d+\.\d+)/.exec(readManifest(ROOT).packageManager ?? '')
  if (!pin?.[1]) throw new Error('package.json: packageManager must read "pnpm@<version>"')
  return pin[1]
}
