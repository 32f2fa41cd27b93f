/**
 * A connection that was given back, or in which a plain query has left something behind: it is made clean, or closed. In a coroutine of the
 * pool, so that nobody waits for it but those who want the connection.
 */
import { spawn, withTimeout } from '@shrapnel/core'
import type { Member } from './member.js'

/** What a session has besides its prepared statements: DISCARD ALL, without DEALLOCATE ALL. Each for itself: some want no transaction. */
const NEW_SESSION = [
  'close all',
  'set session authorization default',
  'reset all',
  'unlisten *',
  'select pg_advisory_unlock_all()',
  'discard plans',
  'discard temp',
  'discard sequences',
].join('; ')
const CLEAN_TIMEOUT_MS = 5_000

/** Who gets it back. */
export interface CleanOwner {
  settle(member: Member): void
}

/** It is not reusable: it drains or is reserved, which ends by itself and is told by `onIdle`; or a transaction is open. */
export function clean(member: Member, owner: CleanOwner): void {
  const { connection } = member
  if (connection.isDraining || connection.isReserved || connection.transactionStatus === 'idle') return
  run(member, owner, ['rollback'])
}

/** Makes the session as new, then gives it back. */
export function renew(member: Member, owner: CleanOwner): void {
  const isIdle = member.connection.transactionStatus === 'idle'
  run(member, owner, isIdle ? [NEW_SESSION] : ['rollback', NEW_SESSION])
}

function run(member: Member, owner: CleanOwner, scripts: readonly string[]): void {
  const { connection } = member
  // Nobody else may have it meanwhile.
  member.state = 'held'
  spawn({ name: `postgres pool cleans postgres ${connection.id}`, daemon: true }, async () => {
    try {
      await withTimeout(CLEAN_TIMEOUT_MS, async () => {
        for (const script of scripts) await connection.script(script)
      })
      // A server that does not end a transaction when it is told to is none that could be used again.
      if (connection.transactionStatus !== 'idle') connection.close()
    } catch {
      connection.close()
    }
    member.state = 'returning'
    owner.settle(member)
  })
}
