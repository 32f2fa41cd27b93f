/** The title of a page, from its first bytes: which characters they are, where it stands, what its entities mean. */

import { TextDecoder } from 'node:util'

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

/** What windows-1252 has at 0x80 to 0x9f. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** Undefined: there is none in these bytes. `contentType` is the field of the answer. */
export function pageTitle(bytes: Uint8Array, contentType: string): string | undefined {
  const text = decoderFor(bytes, contentType).decode(bytes)
  const visible = text.replace(/<!--.*?-->|<(script|style)\b.*?<\/\1>/gis, '')
  const found = /<title(?:\s[^>]*)?>(.*?)<\/title/is.exec(visible)?.[1]
  if (found === undefined) return undefined
  const title = withoutC1(withoutEntities(found))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return title === '' ? undefined : shortened(title)
}

/** What says it first wins: a mark at the beginning, the answer's head, the page itself. */
function decoderFor(bytes: Uint8Array, contentType: string): TextDecoder {
  const mark = Buffer.from(bytes.subarray(0, 3)).toString('hex')
  if (mark === 'efbbbf') return new TextDecoder('utf-8')
  if (mark.startsWith('fffe')) return new TextDecoder('utf-16le')
  if (mark.startsWith('feff')) return new TextDecoder('utf-16be')
  const start = Buffer.from(bytes.subarray(0, PRESCAN_BYTES)).toString('latin1')
  const label =
    /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType)?.[1] ??
    /<meta\s[^>]*charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(start)?.[1]
  return decoderOf(label ?? 'utf-8')
}

/** A name that nobody knows is as none. */
function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label)
  } catch {
    return new TextDecoder('utf-8')
  }
}

function withoutEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    return isCharacter ? String.fromCodePoint(code) : '\ufffd'
  })
}

/**
 * What stands for control characters of ISO 8859-1 was meant as windows-1252: of entities that is the rule (HTML, 13.2.5.80),
 * and of bytes it is what the TextDecoder of some versions of Node forgets.
 */
function withoutC1(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] as string)
}

function shortened(title: string): string {
  const characters = [...title]
  return characters.length <= MAX_TITLE_LENGTH
    ? title
    : `${characters.slice(0, MAX_TITLE_LENGTH - 1).join('')}…`
}
