/**
 * House habits that a line of text gives away and that the linter has no rule for. Each habit says which
 * files it looks at, what it looks for and why. An exception is named in habit-exceptions.json with its
 * reason; one that no longer excepts anything is a finding too.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { report } from './lib/findings.mjs'
import { ROOT } from './lib/root.mjs'
import { trackedFiles } from './lib/tracked-files.mjs'

/**
 * @typedef {object} Habit
 * @property {string} name
 * @property {RegExp} files
 * @property {RegExp} forbids
 *
 * @typedef {{ habit: string, file: string, reason: string }} Exception
 */

/** @type {readonly Habit[]} */
const LINE_HABITS = [
  { name: 'names-listed-by-hand', files: /\/src\/.*\.ts$/, forbids: /^export \*/ },
  {
    name: 'every-test-runs',
    files: /\.test\.ts$/,
    forbids: /\b(?:test|it|describe)\b[\w.]*\.(?:only|skip|todo|skipIf|runIf)\b/,
  },
  {
    name: 'titles-are-laws',
    files: /\.test\.ts$/,
    forbids: /\b(?:test|it)\b[\w.]*\(\s*['"`](?:should|works)\b/i,
  },
  {
    name: 'tests-do-not-sleep',
    files: /\/test\/(?!(?:.*\/)?programs\/).*\.(?:ts|mjs|js)$/,
    forbids: /\bset(?:Timeout|Interval)\b|['"]node:timers/,
  },
  {
    name: 'wire-does-no-io',
    files: /\/src\/wire\/.*\.ts$/,
    forbids: /from '(?:node:(?:net|tls|fs|dgram)|@shrapnel\/core|(?:\.\.\/)+connection)/,
  },
  {
    name: 'no-machine-paths',
    files: /./,
    forbids: /(?<![\w.-])\/(?:work|root|tmp|home\/\w+|Users\/\w+)(?:\/|\b)/,
  },
  {
    name: 'no-registry-hosts',
    files: /./,
    forbids: /\bregistry\.\w+\.(?:org|com|net|io|dev)\b|\bdeb\.debian\.org\b/,
  },
  { name: 'nothing-installed-by-hand', files: /./, forbids: /installed[ ]by hand/ },
]

const FORBIDDEN_NAMES = /(?:^|\/)(?:utils?|helpers?|misc|common)\.\w+$/
const BINARY = /\.(?:node|png|jpg|gif|gz|pcap|bin|der|p12)$/

/** @type {Exception[]} */
const exceptions = JSON.parse(readFileSync(join(ROOT, 'scripts/habit-exceptions.json'), 'utf8'))
const unused = new Set(exceptions)

/** @param {string} habit @param {string} file */
function isExcepted(habit, file) {
  const exception = exceptions.find(
    (each) => each.habit === habit && (file === each.file || file.startsWith(`${each.file}/`)),
  )
  if (exception) unused.delete(exception)
  return exception !== undefined
}

/** @param {string} file @returns {string[]} */
function findings(file) {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = LINE_HABITS.filter((habit) => habit.files.test(file)).flatMap(({ name, forbids }) =>
    text.split('\n').flatMap((line, index) => {
      if (!forbids.test(line) || isExcepted(name, file)) return []
      return [`${file}:${index + 1}: ${name}: ${line.trim().slice(0, 90)}`]
    }),
  )
  const isSource = /^packages\/[^/]+\/(?:src|native)\/.*\.(?:ts|cc|h)$/.test(file)
  if (isSource && !/^(?:#!.*\n)?\s*\/[/*]/.test(text))
    found.push(`${file}:1: opens-with-its-scope: no comment at the top`)
  if (FORBIDDEN_NAMES.test(file)) found.push(`${file}: named-for-one-noun`)
  return found
}

const files = trackedFiles().filter((file) => !BINARY.test(file) && file !== 'pnpm-lock.yaml')
const all = files.flatMap(findings)
for (const { habit, file } of unused)
  all.push(`scripts/habit-exceptions.json: ${habit} ${file}: nothing left to except`)
report(all)
