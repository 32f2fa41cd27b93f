/** What clients and requests do: their options, checked, and what they do unless told otherwise. */
import {
  checkDuration,
  checkInteger,
  checkOptionNames,
  checkOptions,
  outOfRange,
  wrongType,
} from '@shrapnel/core/parts'
import type { TlsClientOptions } from '../tls-types.js'
import type { HeadLimits } from '../wire/limits.js'
import type { ClientOptions, RequestOptions } from './options.js'

export interface ExchangeSettings extends HeadLimits {
  readonly timeoutMs: number
  readonly headTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxHeadBytes: number
  readonly maxHeaders: number
  /** `Infinity`: not given. */
  readonly maxResponseBytes: number
  readonly maxDrainBytes: number
  readonly maxRedirects: number
  readonly allowInsecureRedirects: boolean
  readonly decompress: boolean
  readonly expectContinue: boolean
  readonly continueTimeoutMs: number
  readonly pipelineAll: boolean
}

export interface PoolSettings {
  readonly maxConnectionsPerOrigin: number
  readonly maxIdleConnections: number
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly pipelining: number
  readonly localAddress: string | undefined
  readonly tls: TlsClientOptions
}

/** What `bytes()` and its like hold at most unless told otherwise. */
export const MAX_COLLECTED_BYTES = 67_108_864
const MOST = Number.MAX_SAFE_INTEGER

const DEFAULTS: ExchangeSettings = {
  timeoutMs: Number.POSITIVE_INFINITY,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  maxHeadBytes: 65_536,
  maxHeaders: 256,
  maxTargetBytes: MOST,
  maxResponseBytes: Number.POSITIVE_INFINITY,
  maxDrainBytes: 65_536,
  maxRedirects: 10,
  allowInsecureRedirects: false,
  decompress: true,
  expectContinue: false,
  continueTimeoutMs: 1_000,
  pipelineAll: false,
}

const EXCHANGE_NAMES = [
  'timeoutMs', 'headTimeoutMs', 'bodyTimeoutMs', 'maxHeadBytes', 'maxHeaders', 'maxResponseBytes', 'maxDrainBytes',
  'maxRedirects', 'allowInsecureRedirects', 'decompress', 'expectContinue', 'continueTimeoutMs', 'pipelineAll',
] as const // biome-ignore format: a table
const IS_SETTING = new Set<string>(EXCHANGE_NAMES)
const REQUEST_NAMES = new Set<string>([
  ...EXCHANGE_NAMES,
  'method', 'headers', 'body', 'json', 'trailers', 'signal', 'socketPath', 'url',
]) // biome-ignore format: a table
const CLIENT_NAMES = new Set<string>([
  ...EXCHANGE_NAMES,
  'headers', 'baseUrl', 'maxConnectionsPerOrigin', 'maxIdleConnections', 'idleTimeoutMs', 'connectTimeoutMs',
  'pipelining', 'proxy', 'cookies', 'tls', 'socketPath', 'localAddress',
]) // biome-ignore format: a table

/** Checks the options of a request: `base` itself, unless they say anything else. */
export function exchangeSettings(options: RequestOptions, base: ExchangeSettings): ExchangeSettings {
  let settings = base
  for (const name in options) {
    if (!REQUEST_NAMES.has(name)) checkOptionNames(options, REQUEST_NAMES)
    if (!IS_SETTING.has(name)) continue
    const value = options[name as keyof RequestOptions]
    if (value === undefined) continue
    settings = { ...settings, [name]: checkSetting(name, value) }
  }
  return settings
}

function checkSetting(name: string, value: unknown): number | boolean {
  const usual = DEFAULTS[name as keyof ExchangeSettings]
  if (typeof usual === 'boolean') {
    if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
    return value
  }
  if (name.endsWith('Ms')) return checkDuration(name, value as number)
  if (name === 'maxResponseBytes' && value === Number.POSITIVE_INFINITY) return value
  return checkInteger(name, value as number, name === 'maxHeadBytes' ? 1 : 0, MOST)
}

export function clientExchangeSettings(options: ClientOptions): ExchangeSettings {
  checkOptions(options)
  checkOptionNames(options, CLIENT_NAMES)
  let settings = DEFAULTS
  for (const name of EXCHANGE_NAMES) {
    const value = options[name]
    if (value !== undefined) settings = { ...settings, [name]: checkSetting(name, value) }
  }
  return settings
}

export function poolSettings(options: ClientOptions): PoolSettings {
  const { localAddress, tls = {} } = options
  if (localAddress !== undefined && typeof localAddress !== 'string')
    throw wrongType('localAddress', 'an address', localAddress)
  checkOptions(tls)
  const count = (name: keyof ClientOptions, usual: number, least: number): number =>
    checkInteger(name, (options[name] as number | undefined) ?? usual, least, MOST)
  const duration = (name: keyof ClientOptions, usual: number): number =>
    checkDuration(name, (options[name] as number | undefined) ?? usual)
  return {
    maxConnectionsPerOrigin: count('maxConnectionsPerOrigin', 100, 1),
    maxIdleConnections: count('maxIdleConnections', 256, 0),
    idleTimeoutMs: duration('idleTimeoutMs', 30_000),
    connectTimeoutMs: duration('connectTimeoutMs', 10_000),
    pipelining: count('pipelining', 1, 1),
    localAddress,
    tls,
  }
}

export function checkSocketPath(path: unknown): string | undefined {
  if (path === undefined) return undefined
  if (typeof path !== 'string') throw wrongType('socketPath', 'a path', path)
  if (path === '') throw outOfRange('socketPath', 'not empty', '""')
  return path
}
