/** What `serve` can be told, and what holds where nothing is said. */
import { BackdoorError } from './errors.js'
import type { Session } from './session.js'

export interface ServeOptions {
  /** Where to listen: the path of a UNIX socket. Its file is for its owner alone (0600); one that nobody listens on any more is replaced. */
  readonly unixPath?: string
  /** Where to listen, instead or as well: a TCP port; 0 lets the kernel choose. Nobody is asked for a password there. */
  readonly port?: number
  /** The address for `port`. `127.0.0.1` unless given. Whoever reaches it can do anything this program can. */
  readonly host?: string
  /** Speak telnet to those who come over TCP. True unless given. False: for `nc` and scripts; a telnet client gets whole lines. */
  readonly telnet?: boolean
  /** What typed code finds in scope beside `coro`: an object, or a function that makes one for each session. Getters stay getters. */
  readonly context?: object | ((session: Session) => object)
  /** The first text that a session shows. A few lines about this program unless given; '' for none. */
  readonly welcome?: string
  /** `> ` unless given. */
  readonly prompt?: string
  /** Results in colours, where there is a terminal. True unless given. */
  readonly colors?: boolean
  /** A file to keep what was typed in. Arrow keys know the sessions of this server alone unless given. */
  readonly historyFile?: string
  /** Sessions at once; more are turned away. 32 unless given. */
  readonly maxSessions?: number
  /** Bytes that a session may have written and its peer not read; then the session ends. 16 MiB unless given. */
  readonly maxUnsentBytes?: number
  /** Bytes of one command; then the session ends. 1 MiB unless given. */
  readonly maxCommandBytes?: number
  /** How long, in milliseconds, the last lines of a client that has closed its side may take. 60,000 unless given; `Infinity` for ever. */
  readonly endGraceMs?: number
}

export interface Settings {
  readonly unixPath: string | undefined
  readonly port: number | undefined
  readonly host: string
  readonly telnet: boolean
  readonly context: (session: Session) => object
  readonly welcome: string | undefined
  readonly prompt: string
  readonly colors: boolean
  readonly historyFile: string | undefined
  readonly maxSessions: number
  readonly maxUnsentBytes: number
  readonly maxCommandBytes: number
  readonly endGraceMs: number
}

const DEFAULT_SESSIONS = 32
/** More than `inspect` makes of anything, so what passes it is a peer that does not read. */
const DEFAULT_UNSENT_BYTES = 16 * 1024 * 1024
const DEFAULT_COMMAND_BYTES = 1024 * 1024
const DEFAULT_END_GRACE_MS = 60_000

export function settle(options: ServeOptions): Settings {
  if (typeof options !== 'object' || options === null) throw wrong('options', 'an object', options)
  if (options.unixPath === undefined && options.port === undefined) {
    throw new BackdoorError(
      'CONFIGURATION',
      'serve needs unixPath, or port, or both: there is nowhere to listen',
    )
  }
  if (options.unixPath?.startsWith?.('\0')) {
    throw new BackdoorError(
      'CONFIGURATION',
      'unixPath is an abstract name, which has no permissions: everybody on this machine could come in',
    )
  }
  return {
    unixPath: typed(options, 'unixPath', 'string'),
    port: typed(options, 'port', 'number'),
    host: typed(options, 'host', 'string') ?? '127.0.0.1',
    telnet: typed(options, 'telnet', 'boolean') ?? true,
    context: contextOf(options.context),
    welcome: typed(options, 'welcome', 'string'),
    prompt: typed(options, 'prompt', 'string') ?? '> ',
    colors: typed(options, 'colors', 'boolean') ?? true,
    historyFile: typed(options, 'historyFile', 'string'),
    maxSessions: count(options, 'maxSessions', DEFAULT_SESSIONS),
    maxUnsentBytes: count(options, 'maxUnsentBytes', DEFAULT_UNSENT_BYTES),
    maxCommandBytes: count(options, 'maxCommandBytes', DEFAULT_COMMAND_BYTES),
    endGraceMs: duration(options, 'endGraceMs', DEFAULT_END_GRACE_MS),
  }
}

function contextOf(context: ServeOptions['context']): Settings['context'] {
  if (typeof context === 'function') return context as (session: Session) => object
  if (context === undefined) return () => ({})
  if (typeof context !== 'object' || context === null)
    throw wrong('context', 'an object or a function', context)
  return () => context
}

type TypeNames = { string: string; number: number; boolean: boolean }

function typed<Type extends keyof TypeNames>(
  options: ServeOptions,
  name: keyof ServeOptions,
  type: Type,
): TypeNames[Type] | undefined {
  const value: unknown = options[name]
  if (value !== undefined && typeof value !== type) throw wrong(name, `a ${type}`, value)
  return value as TypeNames[Type] | undefined
}

function count(options: ServeOptions, name: keyof ServeOptions, otherwise: number): number {
  const value = typed(options, name, 'number') ?? otherwise
  if (!Number.isSafeInteger(value) || value < 1) throw outOfRange(name, 'a whole number of at least 1', value)
  return value
}

function duration(options: ServeOptions, name: keyof ServeOptions, otherwise: number): number {
  const value = typed(options, name, 'number') ?? otherwise
  if (!(value >= 0)) throw outOfRange(name, 'at least 0 milliseconds', value)
  return value
}

// Node's own codes, as core has them for the same mistakes.
function wrong(name: string, expected: string, actual: unknown): TypeError {
  const kind = actual === null ? 'null' : typeof actual
  return Object.assign(new TypeError(`${name} must be ${expected}, not ${kind}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
}

function outOfRange(name: string, expected: string, actual: number): RangeError {
  return Object.assign(new RangeError(`${name} must be ${expected}, not ${actual}`), {
    code: 'ERR_OUT_OF_RANGE',
  })
}
