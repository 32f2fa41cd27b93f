/**
 * Whose an error is that nobody waits for. The coroutine tells, where the failing code belongs to one: that of a session, or one
 * spawned from there.
 *
 * Before Node 24 a timer or an event belongs to no coroutine (core has them in the main one, because knowing better costs every
 * promise of the process three times as much). While somebody is here we pay that: an AsyncLocalStorage of our own, given back
 * when the last session ends. What it does not see, a timer of a coroutine that was started in a turn which somebody else had
 * asked for, and what fails after the last one has left, is known by a stack that leads through typed code.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isNativeError } from 'node:util/types'
import { type Coroutine, Shutdown } from '@shrapnel/core'

interface Owner {
  readonly id: number
  readonly name: string
  readonly coroutine: Coroutine<void>
  report(error: unknown): void
}

const FIRST_WITH_CHEAP_STORAGE = 24
const storage =
  Number.parseInt(process.versions.node, 10) < FIRST_WITH_CHEAP_STORAGE
    ? new AsyncLocalStorage<number>()
    : undefined
/** What node:repl calls the files that it makes of typed lines: no two of a process have the same name. */
const TYPED_CODE = /\b(REPL\d+):\d+/g

const present = new Map<number, Owner>()
/** From the coroutine of a session to the session. An ended one keeps its place: timers outlive it. */
const owners = new Map<number, number>()
/** Who typed a file, as long as that one is here. */
const typists = new Map<string, number>()

export function adopt(owner: Owner): void {
  owners.set(owner.coroutine.id, owner.id)
  present.set(owner.id, owner)
}

export function release(owner: Owner): void {
  present.delete(owner.id)
  for (const [file, id] of typists) if (id === owner.id) typists.delete(file)
  if (present.size === 0) storage?.disable()
}

/** Calls `fn`, which runs what `owner` has typed, and remembers whose it is. */
export function runOwned(owner: Owner, file: string, fn: () => void): void {
  typists.set(file, owner.id)
  if (storage === undefined) fn()
  else storage.run(owner.id, fn)
}

/** As `takeError`, for a coroutine that died of `error`. What ends a session itself is the program's business. */
export function takeFailure(error: unknown, coroutine: Coroutine): boolean {
  return !owners.has(coroutine.id) && takeError(error, coroutine)
}

/** Reports `error`, of code in `coroutine`, to its session; on stderr if that has ended. False: it is no session's. */
export function takeError(error: unknown, coroutine: Coroutine): boolean {
  const file = typedFile(error)
  const id =
    ownerOf(coroutine) ?? (coroutine.id === 0 ? storage?.getStore() : undefined) ?? typists.get(file ?? '')
  if (id === undefined && file === undefined) return false
  const owner = id === undefined ? undefined : present.get(id)
  // Somebody cancelled it, and knows.
  if (error instanceof Shutdown) return true
  if (owner !== undefined) owner.report(error)
  else
    process.stderr.write(
      `${new Date().toISOString()} from a backdoor session that has ended: ${describe(error)}\n`,
    )
  return true
}

function ownerOf(coroutine: Coroutine): number | undefined {
  for (let at: Coroutine | undefined = coroutine; at !== undefined; at = at.parent) {
    const id = owners.get(at.id) ?? owners.get(at.parentId)
    if (id !== undefined) return id
  }
  return undefined
}

/** The typed line that `error` began in. */
function typedFile(error: unknown): string | undefined {
  // Typed code has an Error of its own, of which this file knows no instance.
  if (!isNativeError(error) || typeof error.stack !== 'string') return undefined
  return [...error.stack.matchAll(TYPED_CODE)].at(-1)?.[1]
}

function describe(error: unknown): string {
  return isNativeError(error) ? (error.stack ?? String(error)) : String(error)
}
