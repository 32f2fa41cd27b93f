/** What the user asked for. Pure: a mistake is a `UsageError` with one clear sentence. */
import { parseArgs } from 'node:util'
import type { Benchmark } from './benchmark.js'
import { nearest } from './nearest.js'

export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

export interface Request {
  readonly benchmarks: readonly Benchmark[]
  readonly wantsHelp: boolean
  readonly wantsList: boolean
  readonly isJson: boolean
  readonly isQuick: boolean
}

export const USAGE = `usage: bench [name...] [options]

Runs the named benchmarks; without a name it lists them.

  --quick           a rough answer in under 20 seconds each
  --json            only JSON on standard output
  --package <name>  only the benchmarks of one package
  --all             runs all of them
  --list            lists them
  --help            this text
`

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  package: { type: 'string' },
} as const

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function find<Item>(wrong: string, what: string, names: readonly string[], items: readonly Item[]): Item {
  const item = items[names.indexOf(wrong)]
  if (item !== undefined) return item
  const meant = nearest(wrong, names)
  const hint = meant === undefined ? `there are: ${names.join(', ')}` : `did you mean '${meant}'?`
  throw new UsageError(`there is no ${what} '${wrong}': ${hint}`)
}

export function readCommandLine(argv: readonly string[], all: readonly Benchmark[]): Request {
  const { values, positionals } = parse(argv)
  const packages = [...new Set(all.map((benchmark) => benchmark.package))]
  const wanted =
    values.package === undefined ? undefined : find(values.package, 'package', packages, packages)
  const offered = all.filter((benchmark) => wanted === undefined || benchmark.package === wanted)
  const names = offered.map(({ name }) => name)
  const named = [...new Set(positionals)].map((name) => find(name, 'benchmark', names, offered))
  const isListing = values.list || (named.length === 0 && !values.all)
  return {
    benchmarks: named.length > 0 && !values.all ? named : offered,
    wantsHelp: values.help,
    wantsList: isListing,
    isJson: values.json,
    isQuick: values.quick,
  }
}
