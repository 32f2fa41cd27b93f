/** Starting coroutines. */
import { checkFunction, wrongType } from './errors.js'
import { Coroutine, mainCoroutine } from './runtime/coroutine.js'
import { currentScope } from './runtime/current.js'
import { everyone } from './runtime/registry.js'

export interface SpawnOptions {
  /** Shown by `whereAll()` and in reports; the function's own name unless given. */
  readonly name?: string
  /** True: it does not keep the process alive while it waits. False unless given. */
  readonly daemon?: boolean
}

type Fn = (...args: never[]) => unknown
export type SpawnArguments = readonly [Fn, ...unknown[]] | readonly [SpawnOptions, Fn, ...unknown[]]

/** Sorts the two forms of `spawn` out. */
export function spawnParts(parts: SpawnArguments): { fn: Fn; args: unknown[]; options: SpawnOptions } {
  const [first] = parts
  if (typeof first === 'function') return { fn: first, args: parts.slice(1), options: NO_OPTIONS }
  if (typeof first !== 'object' || first === null || parts.length === 1)
    throw wrongType('fn', 'a function', first)
  const fn = parts[1]
  checkFunction('fn', fn)
  const { name, daemon } = first
  if (name !== undefined && typeof name !== 'string') throw wrongType('name', 'text', name)
  if (daemon !== undefined && typeof daemon !== 'boolean') throw wrongType('daemon', 'true or false', daemon)
  return { fn: fn as Fn, args: parts.slice(2), options: first }
}

const NO_OPTIONS: SpawnOptions = {}

/**
 * Makes a coroutine that calls `fn(...args)`, in a later turn and never at once. It belongs to no scope: a timeout around
 * `spawn` does not reach it (`group` is for that). If it dies of an error that nobody `join`s, the exception notifier
 * is told.
 */
export function spawn<Arguments extends unknown[], T>(
  fn: (...args: Arguments) => T | PromiseLike<T>,
  ...args: Arguments
): Coroutine<T>
export function spawn<Arguments extends unknown[], T>(
  options: SpawnOptions,
  fn: (...args: Arguments) => T | PromiseLike<T>,
  ...args: Arguments
): Coroutine<T>
export function spawn<T>(...parts: SpawnArguments): Coroutine<T> {
  const { fn, args, options } = spawnParts(parts)
  return new Coroutine<T>(fn, args, options)
}

/** The coroutine that runs; the main one for code outside of any. */
export function current(): Coroutine {
  return currentScope().coroutine
}

/** Every living coroutine but the main one, oldest first. */
export function all(): Coroutine[] {
  return everyone()
}

/** All code outside of any coroutine. */
export function main(): Coroutine {
  return mainCoroutine
}
