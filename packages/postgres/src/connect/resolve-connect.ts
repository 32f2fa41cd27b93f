/**
 * Options, URL, service file and environment to one: each option is the first of these that says something, and its default if none does.
 * Reads no file but a service file that was asked for; waits for nothing.
 */
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { MAX_STARTUP_MESSAGE_BYTES } from '../wire/limits.js'
import type { ConnectOptions } from './connect-options.js'
import { parseConnectionUrl } from './connection-url.js'
import { readEnvironment, readParameters } from './libpq-parameters.js'
import { unusable } from './option-kinds.js'
import { CONNECT_OPTION_NAMES, OPTION_NAMES, rowOf, type Settings } from './option-table.js'
import { resolvePlaces } from './places.js'
import { parseRequireAuth } from './require-auth.js'
import type { ResolvedConnect } from './resolved-connect.js'
import { Secret } from './secret.js'
import { readService } from './service-file.js'
import { startupParameters } from './startup-parameters.js'
import { resolveTls } from './tls-settings.js'

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000
const DEFAULT_STARTUP_MESSAGES = 1000
const DEFAULT_SCRAM_ITERATIONS = 1_000_000

export interface ResolveContext {
  /** Names of options that others know: those of a pool. */
  readonly besides?: ReadonlySet<string> | undefined
  /** `process.env` by default. */
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/** Throws PG_OPTION, and Node's errors for arguments of the wrong kind. */
export function resolveConnect(
  target: string | URL | ConnectOptions = {},
  { besides, environment = process.env }: ResolveContext = {},
): ResolvedConnect {
  const options = typeof target === 'string' || target instanceof URL ? { url: target } : target
  checkOptionNames(
    options,
    besides === undefined ? CONNECT_OPTION_NAMES : new Set([...CONNECT_OPTION_NAMES, ...besides]),
  )
  const said: Settings = { ...readUrl(options.url), ...readOptions(options) }
  const service = said.service ?? (environment.PGSERVICE || undefined)
  const home = environment.HOME ?? homedir()
  const fromService =
    service === undefined
      ? {}
      : readParameters(readService(service, environment, home), `the service ${service}`)
  const settings = withEnvironment({ ...fromService, ...said }, environment)
  const user = settings.user ?? systemUser()
  const { password, connectTimeoutMs } = settings
  const { min, max } = protocolVersions(settings)
  return {
    places: resolvePlaces(settings),
    user,
    database: settings.database ?? user,
    password: password === undefined ? undefined : new Secret(password),
    passwordFile: settings.passwordFile ?? join(home, '.pgpass'),
    tls: resolveTls(settings, options.tls, said, home),
    channelBinding: settings.channelBinding ?? 'prefer',
    authentication: parseRequireAuth(settings.requireAuth),
    connectTimeoutMs: connectTimeoutMs === undefined ? DEFAULT_CONNECT_TIMEOUT_MS : connectTimeoutMs,
    sessionTarget: settings.targetSessionAttrs ?? 'any',
    hostOrder: settings.loadBalanceHosts ?? 'disable',
    keepAlive: {
      isOn: settings.keepAlive ?? true,
      idleMs: settings.keepAliveIdleMs,
      intervalMs: settings.keepAliveIntervalMs,
      probes: settings.keepAliveProbes,
    },
    startup: startupParameters(settings, user),
    minMinorVersion: min,
    maxMinorVersion: max,
    maxScramIterations: settings.maxScramIterations ?? DEFAULT_SCRAM_ITERATIONS,
    maxStartupMessages: settings.maxStartupMessages ?? DEFAULT_STARTUP_MESSAGES,
    maxStartupMessageBytes: settings.maxStartupMessageBytes ?? MAX_STARTUP_MESSAGE_BYTES,
  }
}

/** An address belongs to the host that is said beside it, and to no other one. */
function withEnvironment(said: Settings, environment: NodeJS.ProcessEnv): Settings {
  const { hostAddress, ...others } = readEnvironment(environment, said)
  const isOwn = said.host === undefined && hostAddress !== undefined
  return { ...others, ...(isOwn ? { hostAddress } : {}), ...said }
}

function readUrl(url: unknown): Settings {
  if (url === undefined) return {}
  if (typeof url !== 'string' && !(url instanceof URL)) throw wrongType('url', 'text or a URL', url)
  return readParameters(parseConnectionUrl(String(url)), 'the URL')
}

/** An option that is undefined is one that is not there. */
function readOptions(options: ConnectOptions): Settings {
  const settings: Record<string, unknown> = {}
  for (const name of OPTION_NAMES) {
    const value = options[name]
    if (value !== undefined) settings[name] = rowOf(name).kind.check(value, name)
  }
  return settings as Settings
}

function systemUser(): string {
  try {
    return userInfo().username
  } catch {
    throw unusable('user', 'is not given, and this process has none with a name')
  }
}

function protocolVersions(settings: Settings): { readonly min: 0 | 2; readonly max: 0 | 2 } {
  const min = settings.minProtocolVersion === undefined || settings.minProtocolVersion === '3.0' ? 0 : 2
  const asked = settings.maxProtocolVersion
  const max = asked === undefined ? min : asked === '3.0' ? 0 : 2
  if (min <= max) return { min, max }
  throw unusable('minProtocolVersion', 'is above maxProtocolVersion')
}
