/** What a listener is told. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'

export interface ListenOptions {
  /** Events that are kept for a listener that does not take them; those that come then are left out, and a gap says so. 1,000. */
  readonly maxBuffered?: number | undefined
  /** Milliseconds without a connection after which the listener fails with what connecting failed with. It tries for ever unless given. */
  readonly reconnectTimeoutMs?: number | undefined
}

export interface ListenSettings {
  readonly maxBuffered: number
  readonly reconnectTimeoutMs: number
}

const NAMES: ReadonlySet<string> = new Set<keyof ListenOptions>(['maxBuffered', 'reconnectTimeoutMs'])
const DEFAULT_BUFFERED = 1_000
const MOST_BUFFERED = 10_000_000
/** NAMEDATALEN, without the NUL: LISTEN would cut a longer one, and pg_notify refuses it. */
const MOST_NAME_BYTES = 63
const MOST_CHANNELS = 10_000

export function checkListenOptions(options: ListenOptions): ListenSettings {
  checkOptionNames(options, NAMES)
  return {
    // One for a notification, and one for the gap before it.
    maxBuffered: checkInteger('maxBuffered', options.maxBuffered ?? DEFAULT_BUFFERED, 2, MOST_BUFFERED),
    reconnectTimeoutMs: checkDuration('reconnectTimeoutMs', options.reconnectTimeoutMs ?? Infinity),
  }
}

export function checkChannels(channels: string | readonly string[]): readonly string[] {
  const names: readonly string[] = typeof channels === 'string' ? [channels] : channels
  if (!Array.isArray(names)) throw wrongType('channels', 'a name, or an array of names', channels)
  checkInteger('the number of channels', names.length, 1, MOST_CHANNELS)
  for (const name of names) {
    if (typeof name !== 'string') throw wrongType('a channel', 'text', name)
    if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MOST_NAME_BYTES)
      throw outOfRange(
        'a channel',
        `text of 1 to ${MOST_NAME_BYTES} bytes, without NUL`,
        JSON.stringify(name),
      )
  }
  return [...new Set(names)]
}
