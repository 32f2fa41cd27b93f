/** What a server must be: libpq's target_session_attrs. Since PostgreSQL 14 it says so itself; older ones, and poolers, are asked. */
import type { Opened } from './attempts.js'
import type { SessionTarget } from './connect-options.js'
import { ask } from './simple-query.js'

/** All servers are tried for each in turn: `prefer-standby` takes any when no standby is found. */
export function targetPasses(target: SessionTarget): readonly SessionTarget[] {
  return target === 'prefer-standby' ? ['standby', 'any'] : [target]
}

/** What is wrong with the server; undefined if it will do. Waits for its answer where it has to be asked. */
export async function findMismatch(opened: Opened, target: SessionTarget): Promise<string | undefined> {
  switch (target) {
    case 'read-write':
      return (await isReadOnly(opened)) ? 'the session is read-only' : undefined
    case 'read-only':
      return (await isReadOnly(opened)) ? undefined : 'the session is not read-only'
    case 'primary':
      return (await isStandby(opened)) ? 'the server is a standby' : undefined
    case 'standby':
      return (await isStandby(opened)) ? undefined : 'the server is no standby'
    default:
      return undefined
  }
}

async function isReadOnly(opened: Opened): Promise<boolean> {
  const { parameters } = opened.session
  const inStandby = parameters.get('in_hot_standby')
  const byDefault = parameters.get('default_transaction_read_only')
  if (inStandby !== undefined && byDefault !== undefined) return inStandby === 'on' || byDefault === 'on'
  return (await ask(opened, 'SHOW transaction_read_only')) === 'on'
}

async function isStandby(opened: Opened): Promise<boolean> {
  const reported = opened.session.parameters.get('in_hot_standby')
  if (reported !== undefined) return reported === 'on'
  return (await ask(opened, 'SELECT pg_catalog.pg_is_in_recovery()')) === 't'
}
