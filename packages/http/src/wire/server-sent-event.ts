/**
 * Server-sent events as text (HTML, 9.2.5). Whatever is sent stays one event: line ends in data are lines of
 * data, and anywhere else they are refused.
 */

export interface ServerSentEvent {
  /** What the client gets. */
  readonly data?: string
  /** Its type: `message` for the client unless given. */
  readonly event?: string
  /** Where the client is to go on when it comes again. Empty: nowhere. */
  readonly id?: string
  /** What the client waits before it comes again, from now on. */
  readonly retryMs?: number
}

const KNOWN = new Set(['data', 'event', 'id', 'retryMs'])

export function encodeEvent(event: ServerSentEvent | string): string {
  if (typeof event === 'string') return `${lines('data', event)}\n`
  if (typeof event !== 'object' || event === null)
    throw refused('event', 'is neither text nor an object', event)
  for (const name of Object.keys(event)) if (!KNOWN.has(name)) throw refused('event', 'has a field', name)
  const { data, event: type, id, retryMs } = event
  let text = ''
  if (type !== undefined) text += `event: ${line('event', type)}\n`
  if (id !== undefined) text += `id: ${line('id', id)}\n`
  if (retryMs !== undefined) {
    if (!Number.isInteger(retryMs) || retryMs < 0)
      throw refused('retryMs', 'is no whole number of milliseconds', retryMs)
    text += `retry: ${retryMs}\n`
  }
  // Without data a client takes note of the id and tells nobody.
  if (data !== undefined) text += lines('data', data)
  return `${text}\n`
}

/** A comment, which clients ignore. */
export function encodeComment(text: string): string {
  return text === '' ? ':\n\n' : `${lines('', text)}\n`
}

function lines(name: string, text: string): string {
  if (typeof text !== 'string') throw refused(name || 'comment', 'is no text', text)
  return text
    .split(/\r\n|\r|\n/)
    .map((one) => `${name}: ${one}\n`)
    .join('')
}

function line(name: string, text: string): string {
  if (typeof text !== 'string') throw refused(name, 'is no text', text)
  if (/[\r\n\0]/.test(text)) throw refused(name, 'has a line end or NUL', JSON.stringify(text))
  return text
}

function refused(name: string, text: string, value: unknown): TypeError {
  return Object.assign(new TypeError(`${name} ${text}: ${String(value)}`), {
    code: 'ERR_INVALID_ARG_VALUE' as const,
  })
}
