/** A question of our own to a server that nobody uses yet. */
import { PostgresError } from '../errors.js'
import { type BackendMessage, encodeQuery } from '../wire/index.js'
import type { Opened } from './attempts.js'
import { refusalOf } from './open-failure.js'

/** Text of the first value of the first row. Waits for the server's ReadyForQuery. Fails with PG_AUTH, PG_SERVER, PG_PROTOCOL. */
export async function ask({ login, session }: Opened, text: string): Promise<string | undefined> {
  encodeQuery(login.writer, text)
  await login.send()
  let value: string | undefined
  let refusal: PostgresError | undefined
  for (;;) {
    const message = await login.next()
    if (message.kind === 'ready-for-query') break
    if (message.kind === 'error') refusal = refusalOf(message.report)
    else if (message.kind === 'parameter-status') session.parameters.set(message.name, message.value)
    else if (message.kind === 'data-row') value ??= message.values[0]?.toString()
    else if (!OTHERS.has(message.kind))
      throw new PostgresError('PG_PROTOCOL', `the server sends ${message.kind} in answer to a query`)
  }
  if (refusal !== undefined) throw refusal
  return value
}

const OTHERS: ReadonlySet<BackendMessage['kind']> = new Set(['row-description', 'command-complete', 'notice'])
