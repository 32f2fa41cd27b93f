/** The title of a page, from its first bytes: which characters they are, where it stands, what its entities mean. */
import { decodeCharset } from '@shrapnel/http'
import { oneLine } from '../text.js'

/** A title, or why there is none. */
export interface PageTitle {
  readonly title: string | null
  readonly problem: string | null
}

const MAX_TITLE_LENGTH = 300
/** Where a page may say which characters it is made of (HTML, 13.2.3.2). */
const PRESCAN_BYTES = 1024

const NAMED: Readonly<Record<string, string>> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', shy: '', copy: '©', reg: '®', trade: '™',
  ndash: '–', mdash: '—', hellip: '…', middot: '·', bull: '•', laquo: '«', raquo: '»', lsquo: '‘', rsquo: '’',
  ldquo: '“', rdquo: '”', sbquo: '‚', bdquo: '„', times: '×', rarr: '→', larr: '←', euro: '€', pound: '£',
  Auml: 'Ä', auml: 'ä', Ouml: 'Ö', ouml: 'ö', Uuml: 'Ü', uuml: 'ü', szlig: 'ß', eacute: 'é', egrave: 'è',
  agrave: 'à', ccedil: 'ç', ntilde: 'ñ', aring: 'å', oslash: 'ø', aelig: 'æ',
} // biome-ignore format: a table

/** What begins one of these ends where it says, whatever stands in between. */
const ENDS = { comment: /-->/g, script: /<\/script/gi, style: /<\/style/gi, title: /<\/title/gi }

/** Undefined: there is none in these bytes. `contentType` is the field of the answer. */
export function pageTitle(bytes: Uint8Array, contentType: string): string | undefined {
  const found = titleIn(textOf(bytes, contentType))
  const title = found === undefined ? '' : oneLine(withoutEntities(found))
  return title === '' ? undefined : shortened(title)
}

/** Goes over the page once, and never back: it may have been written to take long. */
function titleIn(page: string): string | undefined {
  const beginnings = /<!--|<(script|style|title)(?=[\s/>])/gi
  for (;;) {
    const beginning = beginnings.exec(page)
    if (beginning === null) return undefined
    const kind = (beginning[1]?.toLowerCase() ?? 'comment') as keyof typeof ENDS
    const start = kind === 'comment' ? beginning.index + 2 : page.indexOf('>', beginning.index) + 1
    const end = start === 0 ? -1 : indexOf(ENDS[kind], page, start)
    if (end < 0) return undefined
    if (kind === 'title') return page.slice(start, end)
    beginnings.lastIndex = end
  }
}

/** `pattern` is global. */
function indexOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? -1
}

/** What names the charset first is believed: a mark at the beginning, the answer's head, the page itself. */
function textOf(bytes: Uint8Array, contentType: string): string {
  const mark = Buffer.from(bytes.subarray(0, 3)).toString('hex')
  if (mark === 'efbbbf') return decodeCharset(bytes, 'utf-8')
  if (mark.startsWith('fffe')) return decodeCharset(bytes, 'utf-16le')
  if (mark.startsWith('feff')) return decodeCharset(bytes, 'utf-16be')
  const start = Buffer.from(bytes.subarray(0, PRESCAN_BYTES)).toString('latin1')
  const ofHead = /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType)?.[1]
  const ofPage = /<meta\s[^>]*charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start)?.[1]
  try {
    return decodeCharset(bytes, ofHead ?? ofPage ?? 'utf-8')
  } catch {
    // A name that nobody knows is as none.
    return decodeCharset(bytes, 'utf-8')
  }
}

function withoutEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    // What stands for control characters of ISO 8859-1 was meant as windows-1252 (HTML, 13.2.5.80).
    if (code >= 0x80 && code < 0xa0) return decodeCharset(Uint8Array.of(code), 'windows-1252')
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    return isCharacter ? String.fromCodePoint(code) : '\ufffd'
  })
}

function shortened(title: string): string {
  const characters = [...title]
  return characters.length <= MAX_TITLE_LENGTH
    ? title
    : `${characters.slice(0, MAX_TITLE_LENGTH - 1).join('')}…`
}
