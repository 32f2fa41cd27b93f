/** A link on the board, and what people may post as one. */
import { invalid } from './failure.js'
import { oneLine } from './text.js'

export interface Link {
  readonly id: number
  readonly url: string
  readonly note: string
  /** Of the page it leads to; null until that was fetched, or where there is none. */
  readonly title: string | null
  /** Why there is no title, for people; null while it is being fetched. */
  readonly problem: string | null
  /** ISO 8601. */
  readonly postedAt: string
  /** Grows with every change to the board: whoever has all up to one asks for what is above it. */
  readonly version: number
}

const MAX_URL_LENGTH = 2000
const MAX_NOTE_LENGTH = 500

/** The URL that `text` means, as browsers would read it in their address bar. */
export function readUrl(text: unknown): string {
  if (typeof text !== 'string' || text.trim() === '') throw invalid('A link needs a URL.')
  const trimmed = text.trim()
  const url = parse(/^[a-z][a-z\d+.-]*:(?!\d)/i.test(trimmed) ? trimmed : `https://${trimmed}`)
  if (url === null) throw invalid('That is no URL.')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid('Links begin with http or https.')
  if (url.username !== '' || url.password !== '') throw invalid('A link has no place for a password.')
  if (url.href.length > MAX_URL_LENGTH) throw invalid(`A URL has at most ${MAX_URL_LENGTH} characters.`)
  return url.href
}

export function readNote(text: unknown): string {
  if (text === undefined || text === null) return ''
  if (typeof text !== 'string') throw invalid('A note is text.')
  const note = oneLine(text)
  if (note.length > MAX_NOTE_LENGTH) throw invalid(`A note has at most ${MAX_NOTE_LENGTH} characters.`)
  if (/\p{Surrogate}/u.test(note)) throw invalid('A note is text.')
  return note
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}
