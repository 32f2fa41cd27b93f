/**
 * Builds the addon of the package in whose folder it is started another way, and runs its native contract tests, if it has any, and its
 * whole test suite on that.
 *   node scripts/test-variant.mjs kqueue   the core's addon, also for other packages: the kqueue back end, over an emulation on Linux
 *   node scripts/test-variant.mjs asan     AddressSanitizer and UndefinedBehaviorSanitizer
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const VARIANTS = {
  kqueue: { flags: { SHRAPNEL_POLLER: 'kqueue', SHRAPNEL_KQUEUE_EMULATION: 'ON' }, native: [] },
  asan: { flags: { SHRAPNEL_SANITIZE: 'ON' }, native: ['-DSANITIZE=ON'] },
}

const here = process.cwd()
const [name, ...vitestArguments] = process.argv.slice(2)
// The poller is the core's, whoever waits for it.
const root = name === 'kqueue' ? resolve(import.meta.dirname, '..') : here
const [, packageName] = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name.split('/')
const variant = VARIANTS[name]
if (variant === undefined) {
  console.error(`usage: test-variant.mjs ${Object.keys(VARIANTS).join('|')} [vitest arguments]`)
  process.exit(2)
}

const out = `build-${name}`
run('npx', [
  'cmake-js',
  'compile',
  '--silent',
  '--log-level',
  'error',
  '--out',
  out,
  ...Object.entries(variant.flags).map(([key, value]) => `--CD${key}=${value}`),
])
if (root === here && existsSync(join(root, 'native/test'))) {
  run(
    'cmake',
    ['-S', 'native/test', '-B', `${out}/native-test`, '-DCMAKE_BUILD_TYPE=Debug', ...variant.native],
    'ignore',
  )
  run('cmake', ['--build', `${out}/native-test`], 'ignore')
  run('ctest', ['--test-dir', `${out}/native-test`, '--output-on-failure'])
}

const environment = {
  ...process.env,
  SHRAPNEL_TEST_RUN: name,
  [`SHRAPNEL_${packageName.toUpperCase()}_ADDON`]: join(root, out, `Release/shrapnel_${packageName}.node`),
}
if (name === 'asan') {
  // The runtime must come before everything else in the process. V8's own memory looks like leaks to it: leaks are what the
  // native tests, which run without V8, and the counting tests of the suite are for.
  const runtime = (library) =>
    execFileSync('g++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim()
  environment.LD_PRELOAD = `${runtime('libasan.so')} ${runtime('libubsan.so')}`
  environment.ASAN_OPTIONS = 'detect_leaks=0:abort_on_error=1'
  environment.UBSAN_OPTIONS = 'halt_on_error=1:print_stacktrace=1'
  // Everything takes several times as long.
  vitestArguments.push('--testTimeout=60000')
  environment.SHRAPNEL_SLOW = '1'
}
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...vitestArguments],
  { cwd: here, stdio: 'inherit', env: environment },
)
process.exit(status ?? 1)

function run(command, args, stdout = 'inherit') {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'] })
  if (status === 0) return
  console.error(`${command} failed: ${error?.message ?? `status ${status}`}`)
  process.exit(1)
}
