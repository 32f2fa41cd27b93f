/**
 * With TLS, without, or one after the other: what `sslMode` permits, as libpq does it. A UNIX socket never has TLS. `prefer` tries again
 * without TLS, and `allow` with it, when the handshake failed or the server refused us before it let us in; never when we refused it.
 */
import { Interrupted, type Socket } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import { asksForTls, secured } from './encryption.js'
import { type Channel, Login } from './login.js'
import { isOfOptions, openFailure } from './open-failure.js'
import type { OpenHooks, ResolvedConnect, TlsSettings } from './resolved-connect.js'
import { placeText, type ServerPlace } from './server-place.js'
import { type Session, startUp } from './start-up.js'
import { findTls, needTls, type TlsPackage } from './tls-package.js'
import { openTransport } from './transport.js'

export interface Opened {
  readonly login: Login
  readonly session: Session
}

type Encryption = 'plain' | 'tls'

/** Tries one server. What fails is closed. Fails with a PostgresError, or cancelled. */
export async function attempt(
  resolved: ResolvedConnect,
  place: ServerPlace,
  hooks: OpenHooks,
): Promise<Opened> {
  const tls = await tlsFor(resolved.tls, place)
  const failures: PostgresError[] = []
  for (const encryption of encryptions(resolved.tls, tls)) {
    const progress: Progress = { isEncrypted: false, mayTryOther: false }
    try {
      return await open(resolved, place, hooks, encryption === 'tls' ? tls : undefined, progress)
    } catch (error) {
      const failure = openFailure(error, `${placeText(place)}${progress.isEncrypted ? ' (with TLS)' : ''}`)
      if (!(failure instanceof PostgresError)) throw failure
      failures.push(failure)
      if (!progress.mayTryOther) break
    }
  }
  throw bothFailed(failures)
}

interface Progress {
  /** TLS has begun. */
  isEncrypted: boolean
  mayTryOther: boolean
}

async function tlsFor({ mode }: TlsSettings, { kind }: ServerPlace): Promise<TlsPackage | undefined> {
  if (kind === 'unix' || mode === 'disable') return undefined
  return mode === 'allow' || mode === 'prefer' ? findTls() : needTls(`sslMode '${mode}'`)
}

function encryptions({ mode }: TlsSettings, tls: TlsPackage | undefined): readonly Encryption[] {
  if (tls === undefined) return ['plain']
  if (mode === 'allow') return ['plain', 'tls']
  return mode === 'prefer' ? ['tls', 'plain'] : ['tls']
}

async function open(
  resolved: ResolvedConnect,
  place: ServerPlace,
  hooks: OpenHooks,
  tls: TlsPackage | undefined,
  progress: Progress,
): Promise<Opened> {
  const socket = await openTransport(place, resolved.keepAlive)
  const peer = socket.remoteAddress
  let channel: Channel = { stream: socket, peer, isEncrypted: false, endPoint: undefined }
  let login: Login | undefined
  try {
    if (tls !== undefined) channel = await encrypted(tls, channel, socket, place, resolved.tls, progress)
    login = new Login(resolved, place, channel, hooks)
    return { login, session: await startUp(login) }
  } catch (error) {
    channel.stream.close()
    socket.close()
    // A server that has no TLS was tried without it already.
    const isAsMeant = progress.isEncrypted === (tls !== undefined)
    progress.mayTryOther ||= isAsMeant && (login?.isRefused ?? false)
    throw error
  }
}

async function encrypted(
  tls: TlsPackage,
  plain: Channel,
  socket: Socket,
  place: ServerPlace,
  settings: TlsSettings,
  progress: Progress,
): Promise<Channel> {
  const host = place.kind === 'tcp' ? place.host : ''
  if (settings.negotiation === 'postgres' && !(await asksForTls(socket))) {
    if (settings.mode === 'prefer') return plain
    throw new PostgresError('PG_CONNECT', `the server has no TLS, and sslMode is '${settings.mode}'`)
  }
  progress.isEncrypted = true
  try {
    return { ...plain, ...(await secured(tls, socket, host, settings)) }
  } catch (error) {
    progress.mayTryOther = isOfHandshake(error)
    throw error
  }
}

/** What the server did. Not what we did wrong, nor a server of another kind. */
function isOfHandshake(error: unknown): boolean {
  if (error instanceof Interrupted || error instanceof PostgresError) return false
  return !isOfOptions(error)
}

/** With TLS and without: the one that says more of us comes first, a wrong password before a channel that is not allowed. */
function bothFailed(failures: readonly PostgresError[]): PostgresError {
  const [first, second] = failures as [PostgresError, PostgresError | undefined]
  if (second === undefined) return first
  const telling = second.sqlState === WRONG_PASSWORD ? second : first
  const { report, limit, safeToRetry } = telling
  const text = `${first.message}; ${second.message}`
  return new PostgresError(telling.code, text, {
    report,
    limit,
    safeToRetry,
    cause: new AggregateError(failures, text),
  })
}

const WRONG_PASSWORD = '28P01'
