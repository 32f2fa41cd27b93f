/** The command line, understood or refused. */
import { parseArgs } from 'node:util'
import type { Question } from '../wire/index.js'
import { questionFor, reverseQuestion } from './question.js'
import { type PointDefaults, parsePort, parseServer, type ServerPoint } from './server-point.js'
import { UsageError } from './usage-error.js'

export interface Settings {
  readonly question: Question
  /** Empty: those of the system. */
  readonly servers: readonly ServerPoint[]
  readonly defaults: PointDefaults
  readonly tlsName: string | undefined
  readonly tlsCaFile: string | undefined
  readonly recursionDesired: boolean
  readonly dnssecOk: boolean
  readonly isTrace: boolean
  readonly timeoutMs: number
  readonly form: 'long' | 'short' | 'json'
}

export type Wish =
  | { readonly wants: 'help' }
  | { readonly wants: 'version' }
  | { readonly wants: 'answer'; readonly settings: Settings }

const DEFAULT_TIMEOUT_MS = 5_000
const DEFAULT_TRACE_TIMEOUT_MS = 30_000
const MOST_TIMEOUT_MS = 2 ** 31 - 1

const OPTIONS = {
  server: { type: 'string', short: 's', multiple: true },
  port: { type: 'string', short: 'p' },
  tcp: { type: 'boolean' },
  tls: { type: 'boolean' },
  'tls-name': { type: 'string' },
  'tls-ca': { type: 'string' },
  class: { type: 'string', short: 'c' },
  reverse: { type: 'boolean', short: 'x' },
  dnssec: { type: 'boolean' },
  'no-recurse': { type: 'boolean' },
  trace: { type: 'boolean' },
  timeout: { type: 'string' },
  short: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

type Values = ReturnType<typeof parsed>['values']

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[]): Wish {
  const { values, positionals } = parsed(args)
  if (values.help) return { wants: 'help' }
  if (values.version) return { wants: 'version' }
  if (values.tcp && values.tls) throw new UsageError('--tcp and --tls exclude each other')
  if (values.short && values.json) throw new UsageError('--short and --json exclude each other')
  const defaults: PointDefaults = {
    transport: values.tls ? 'tls' : values.tcp ? 'tcp' : 'udp',
    port: values.port === undefined ? undefined : parsePort('--port', values.port),
  }
  const named = positionals.filter((each) => each.startsWith('@')).map((each) => each.slice(1))
  const words = positionals.filter((each) => !each.startsWith('@'))
  return {
    wants: 'answer',
    settings: {
      question: questionOf(words, values),
      servers: [...(values.server ?? []), ...named].map((text) => parseServer(text, defaults)),
      defaults,
      tlsName: values['tls-name'],
      tlsCaFile: values['tls-ca'],
      recursionDesired: !(values['no-recurse'] || values.trace),
      dnssecOk: values.dnssec ?? false,
      isTrace: values.trace ?? false,
      timeoutMs: timeoutOf(values),
      form: values.json ? 'json' : values.short ? 'short' : 'long',
    },
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Node's own words name the option; what follows the first sentence is about positional arguments that begin with a dash.
    const text = error instanceof Error ? error.message : String(error)
    throw new UsageError(text.split('. To specify')[0] ?? text)
  }
}

function questionOf([name, type, ...more]: readonly string[], values: Values): Question {
  if (name === undefined) throw new UsageError(values.reverse ? 'which address?' : 'which name?')
  if (more.length > 0) throw new UsageError(`a name and a type, and no more: ${more.join(' ')}`)
  const className = values.class ?? 'IN'
  return values.reverse
    ? reverseQuestion(name, type ?? 'PTR', className)
    : questionFor(name, type ?? 'A', className)
}

function timeoutOf(values: Values): number {
  if (values.timeout === undefined) return values.trace ? DEFAULT_TRACE_TIMEOUT_MS : DEFAULT_TIMEOUT_MS
  const ms = /^\d{1,10}$/.test(values.timeout) ? Number(values.timeout) : 0
  if (ms < 1 || ms > MOST_TIMEOUT_MS)
    throw new UsageError(`--timeout ${values.timeout}: milliseconds are a whole number of at least 1`)
  return ms
}
