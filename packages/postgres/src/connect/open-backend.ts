/** From what the options came to, to a server that has let us in and is what was asked for: the first of the list that will do. */
import type { OpenedBackend } from '../connection/opened-backend.js'
import { PostgresError } from '../errors.js'
import { encodeTerminate, MAX_MESSAGE_BYTES, MessageWriter } from '../wire/index.js'
import { attempt, type Opened } from './attempts.js'
import { type CancelTarget, requestCancel, sameAddress } from './cancel-request.js'
import { candidates } from './candidates.js'
import type { SessionTarget } from './connect-options.js'
import { allFailed, isFinal, limited } from './open-failure.js'
import type { OpenHooks, ResolvedConnect } from './resolved-connect.js'
import { placeText, type ServerPlace } from './server-place.js'
import { settleSession } from './session-settings.js'
import { findMismatch, targetPasses } from './session-target.js'

/**
 * Tries one server after another, each for `connectTimeoutMs`. Waits for names, connections, TLS, the password's function and files, and the
 * servers. Cancelling leaves nothing open. Fails with the failure of the only server, or with PG_CONNECT, whose `cause` is an AggregateError
 * of all; PG_AUTH, PG_OPTION and what the server thinks of us end the search.
 */
export async function openBackend(resolved: ResolvedConnect, hooks: OpenHooks = {}): Promise<OpenedBackend> {
  const failures: PostgresError[] = []
  for (const target of targetPasses(resolved.sessionTarget)) {
    for await (const place of candidates(resolved, failures)) {
      try {
        return await limited(resolved.connectTimeoutMs, placeText(place), () =>
          openAt(resolved, place, hooks, target),
        )
      } catch (error) {
        if (!(error instanceof PostgresError)) throw error
        failures.push(error)
        if (isFinal(error)) throw allFailed(failures)
      }
    }
  }
  throw allFailed(failures)
}

async function openAt(
  resolved: ResolvedConnect,
  place: ServerPlace,
  hooks: OpenHooks,
  target: SessionTarget,
): Promise<OpenedBackend> {
  const opened = await attempt(resolved, place, hooks)
  const { stream } = opened.login
  try {
    await settleSession(opened)
    const mismatch = await findMismatch(opened, target)
    if (mismatch === undefined) return backendOf(opened)
    await stream.send(TERMINATE)
    throw new PostgresError('PG_CONNECT', `${mismatch}, and targetSessionAttrs is '${target}'`, {
      safeToRetry: true,
    })
  } catch (error) {
    stream.close()
    throw error
  }
}

function backendOf(opened: Opened): OpenedBackend {
  const { login, session } = opened
  const { place, resolved, reader } = login
  // Lives as long as the connection: no more is kept than it takes.
  const target: CancelTarget = {
    resolved,
    place: sameAddress(place, login.peer),
    isEncrypted: login.isEncrypted,
    processId: session.processId,
    secretKey: session.secretKey,
  }
  reader.cutter.maxMessageBytes = MAX_MESSAGE_BYTES
  const backend = {
    stream: login.stream,
    cutter: reader.cutter,
    parameters: session.parameters,
    processId: session.processId,
    secretKey: session.secretKey,
    status: session.status,
    minorVersion: session.minorVersion,
    target: `${placeText(place)}/${resolved.database}`,
    requestCancel: () => requestCancel(target),
  }
  // Whoever has it can cancel what runs here: it is not for logs in which a connection is shown.
  return Object.defineProperty(backend, 'secretKey', { enumerable: false })
}

const TERMINATE = terminate()

function terminate(): Buffer {
  const writer = new MessageWriter(16)
  encodeTerminate(writer)
  return writer.take()
}
