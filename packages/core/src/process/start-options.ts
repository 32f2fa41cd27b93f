/**
 * What a process is to be started with: the options, checked, and as the native side takes them. It starts
 * nothing.
 */
import { checkInteger, checkOptionNames, outOfRange, wrongType } from '../errors.js'

const LARGEST_DESCRIPTOR = 2 ** 31 - 1
/** As native/binding/process_calls.cc has them. */
const PIPE_TO_CHILD = -1
const PIPE_FROM_CHILD = -2
const NOTHING = -3

/** The number of a descriptor, or whatever has one: a socket, a FileHandle. */
export type DescriptorSource = number | { readonly fd: number }

/**
 * What the child gets as a standard stream: a pipe whose other end is `process.stdin` and so on, /dev/null,
 * this process's own stream, or a descriptor. A socket of this package does not block, which the child then
 * meets too: the flag belongs to the open file (open(2)), as does a file's position.
 */
export type Stdio = 'pipe' | 'ignore' | 'inherit' | DescriptorSource

export interface StartOptions {
  /** The folder to start in. This process's unless given. */
  readonly cwd?: string
  /**
   * The whole environment, in place of `process.env`. Names whose value is undefined are left out. Its `PATH`
   * is where the command is looked for.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * True: the command is a script for `/bin/sh -c`, and `args` are its `"$1"`, `"$2"`, … Nothing is quoted
   * for it. False unless given: no character of `command` or `args` means anything.
   */
  readonly shell?: boolean
  /** `'pipe'` unless given. */
  readonly stdin?: Stdio
  /** `'pipe'` unless given. What is not read stops the child when the pipe is full, 64 KB on Linux. */
  readonly stdout?: Stdio
  /** `'pipe'` unless given. */
  readonly stderr?: Stdio
  /**
   * Descriptors that the child gets as its 3, 4, …; this process keeps its own. Without, it gets none but the
   * three.
   */
  readonly descriptors?: readonly DescriptorSource[]
  /**
   * `'own'` unless given: the child leads a process group of its own, so that `kill` and `stop` reach all
   * that it started. It is then in the background of the terminal, if there is one (tcsetpgrp(3)): Ctrl-C
   * goes to this process alone, and reading from the terminal stops the child (SIGTTIN). `'shared'`: it stays
   * in this process's group, for interactive programs; signals go to it alone.
   */
  readonly group?: 'own' | 'shared'
  /** What the program sees as its own name. The command unless given. */
  readonly argv0?: string
}

const NAMES: ReadonlySet<string> = new Set<keyof StartOptions>([
  'cwd',
  'env',
  'shell',
  'stdin',
  'stdout',
  'stderr',
  'descriptors',
  'group',
  'argv0', // biome-ignore format: a list
])

/** A checked set of options, as `launch` takes it. */
export interface LaunchPlan {
  readonly command: string
  /** Undefined: look the command up. */
  readonly path: string | undefined
  readonly argv: Buffer
  readonly environment: Buffer
  /** The PATH to search; undefined if the environment has none. */
  readonly searchPath: string | undefined
  readonly cwd: string | undefined
  readonly descriptors: Int32Array
  readonly hasOwnGroup: boolean
}

export function launchPlan(command: string, args: readonly string[], options: StartOptions): LaunchPlan {
  checkText('command', command)
  if (command === '') throw outOfRange('command', 'the name or path of a program', "''")
  if (!Array.isArray(args)) throw wrongType('args', 'an array of strings', args)
  checkOptionNames(options, NAMES)
  const { cwd, env = process.env, shell = false, group = 'own', argv0 } = options
  if (cwd !== undefined) checkText('cwd', cwd)
  if (cwd === '') throw outOfRange('cwd', 'the path of a folder', "''")
  if (typeof shell !== 'boolean') throw wrongType('shell', 'true or false', shell)
  if (group !== 'own' && group !== 'shared') throw outOfRange('group', "'own' or 'shared'", group)
  const own = shell ? [argv0 ?? 'sh', '-c', command, 'sh'] : [argv0 ?? command]
  return {
    command,
    path: shell ? '/bin/sh' : undefined,
    argv: packed('args', [...own, ...args]),
    environment: packedEnvironment(env),
    searchPath: env.PATH,
    cwd,
    descriptors: descriptorsOf(options),
    hasOwnGroup: group === 'own',
  }
}

function checkText(name: string, text: unknown): asserts text is string {
  if (typeof text !== 'string') throw wrongType(name, 'a string', text)
  if (text.includes('\0')) throw outOfRange(name, 'without NUL', JSON.stringify(text))
}

/** Each text ends in NUL. */
function packed(name: string, texts: readonly string[]): Buffer {
  for (const text of texts) checkText(`each of ${name}`, text)
  return Buffer.from(`${texts.join('\0')}\0`)
}

function packedEnvironment(env: Readonly<Record<string, string | undefined>>): Buffer {
  if (typeof env !== 'object' || env === null) throw wrongType('env', 'an object', env)
  let text = ''
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    checkText(`env.${name}`, value)
    if (name === '' || /[=\0]/.test(name))
      throw outOfRange('a name in env', 'without = and NUL', JSON.stringify(name))
    text += `${name}=${value}\0`
  }
  return Buffer.from(text)
}

function descriptorsOf(options: StartOptions): Int32Array {
  const { stdin = 'pipe', stdout = 'pipe', stderr = 'pipe', descriptors = [] } = options
  if (!Array.isArray(descriptors)) throw wrongType('descriptors', 'an array', descriptors)
  return Int32Array.of(
    stdio('stdin', stdin, PIPE_TO_CHILD, 0),
    stdio('stdout', stdout, PIPE_FROM_CHILD, 1),
    stdio('stderr', stderr, PIPE_FROM_CHILD, 2),
    ...descriptors.map((source) => descriptorNumber('each of descriptors', source)),
  )
}

function stdio(name: string, choice: Stdio, pipe: number, own: number): number {
  if (choice === 'pipe') return pipe
  if (choice === 'ignore') return NOTHING
  if (choice === 'inherit') return own
  if (typeof choice === 'string')
    throw outOfRange(name, "'pipe', 'ignore', 'inherit' or a descriptor", choice)
  return descriptorNumber(name, choice)
}

function descriptorNumber(name: string, source: DescriptorSource): number {
  const fd = typeof source === 'object' && source !== null ? source.fd : source
  if (typeof fd !== 'number') throw wrongType(name, 'a descriptor', source)
  return checkInteger(name, fd, 0, LARGEST_DESCRIPTOR)
}
