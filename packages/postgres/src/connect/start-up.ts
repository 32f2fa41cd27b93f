/**
 * From the first message to the server's first ReadyForQuery. PostgreSQL documentation, "Start-up" in "Message Flow". Each message is
 * taken in its turn alone: what comes out of it is a server that is none.
 */
import { current } from '@shrapnel/core'
import { reportFailure } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { type BackendMessage, encodeStartup, type TransactionStatus } from '../wire/index.js'
import { Authentication } from './authentication.js'
import type { Login } from './login.js'
import { checkOldError } from './old-error.js'
import { refusalOf } from './open-failure.js'

export interface Session {
  readonly parameters: Map<string, string>
  readonly processId: number
  readonly secretKey: Buffer
  readonly status: TransactionStatus
  readonly minorVersion: number
}

/** What PostgreSQL takes; it closes the connection otherwise. */
const MAX_STARTUP_BYTES = 10_000
const NO_KEY = Buffer.alloc(0)

/** Waits for the server. Fails with PG_AUTH, PG_SERVER, PG_PROTOCOL, PG_LIMIT, PG_CONNECT. The stream is the caller's to close. */
export async function startUp(login: Login): Promise<Session> {
  const { startup, maxMinorVersion } = login.resolved
  encodeStartup(login.writer, startup, maxMinorVersion)
  if (login.writer.length > MAX_STARTUP_BYTES)
    throw new PostgresError(
      'PG_OPTION',
      `options of ${login.writer.length} bytes are more than a server takes`,
    )
  await login.send()
  await checkOldError(login.reader)
  const minorVersion = await getIn(login)
  return untilReady(login, minorVersion)
}

/** Authentication, and which protocol is spoken. */
async function getIn(login: Login): Promise<number> {
  const authentication = new Authentication(login)
  const { minMinorVersion, maxMinorVersion } = login.resolved
  let minorVersion: number = maxMinorVersion
  for (;;) {
    const message = await login.next()
    switch (message.kind) {
      case 'authentication':
        if (!(await authentication.answer(message.request))) break
        if (minorVersion >= minMinorVersion) return minorVersion
        throw new PostgresError(
          'PG_CONNECT',
          `the server speaks no protocol above 3.${minorVersion}, and minProtocolVersion is above`,
        )
      case 'negotiate-protocol-version':
        minorVersion = agreedVersion(message, maxMinorVersion)
        break
      case 'error':
        login.isRefused = true
        throw refusalOf(message.report)
      default:
        throw outOfTurn(message, 'before it has let anybody in')
    }
  }
}

/** PgBouncer 1.24 says it twice; the second time changes nothing. */
function agreedVersion(
  { minorVersion, unknownOptions }: BackendMessage & { kind: 'negotiate-protocol-version' },
  asked: number,
): number {
  if (unknownOptions.length > 0)
    throw new PostgresError('PG_PROTOCOL', 'the server does not know options that nobody asked for')
  if (minorVersion === 0 && asked > 0) return minorVersion
  throw new PostgresError(
    'PG_PROTOCOL',
    `the server offers protocol 3.${minorVersion} in place of 3.${asked}`,
  )
}

async function untilReady(login: Login, minorVersion: number): Promise<Session> {
  const parameters = new Map<string, string>()
  let processId = 0
  let secretKey: Buffer = NO_KEY
  for (;;) {
    const message = await login.next()
    switch (message.kind) {
      case 'parameter-status':
        parameters.set(message.name, message.value)
        break
      case 'backend-key-data':
        ;({ processId, secretKey } = message)
        break
      case 'notice':
        remark(login, message)
        break
      case 'error':
        throw refusalOf(message.report)
      case 'ready-for-query':
        return { parameters, processId, secretKey, status: message.status, minorVersion }
      default:
        throw outOfTurn(message, 'before it is ready')
    }
  }
}

/** Whoever listens to notices may fail; that is no reason not to get in. */
function remark({ hooks }: Login, { report }: BackendMessage & { kind: 'notice' }): void {
  try {
    hooks.onNotice?.(report)
  } catch (error) {
    reportFailure(error, current())
  }
}

function outOfTurn({ kind }: BackendMessage, when: string): PostgresError {
  return new PostgresError('PG_PROTOCOL', `the server sends ${kind} ${when}`)
}
