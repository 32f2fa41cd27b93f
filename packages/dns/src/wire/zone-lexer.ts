/**
 * A zone file to entries of words (RFC 1035, 5.1): comments gone, parentheses and the line ends between them too. Words keep their escapes
 * and quotes: what these mean depends on the field.
 */
import { DnsWireError } from './errors.js'

export interface Word {
  /** As written; a quoted word without its quotes. */
  readonly text: string
  readonly isQuoted: boolean
}

export interface Entry {
  readonly words: readonly Word[]
  /** Of its first word, from 1. */
  readonly line: number
  /** It begins with white space: it belongs to the owner of the entry before. */
  readonly isIndented: boolean
}

const BLANK = /[ \t\r\f\v]/
/** What ends a word that is not quoted. */
const END_OF_WORD = /[ \t\r\f\v\n;()]/

/** The entries of `text` one after another. Throws DNS_TEXT with the line. */
export function* zoneEntries(text: string): Generator<Entry> {
  let words: Word[] = []
  let line = 1
  let entryLine = 1
  let depth = 0
  let depthLine = 1
  let isIndented = false
  let isLineStart = true
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string
    if (character === '\n') {
      at++
      line++
      if (depth === 0) {
        if (words.length > 0) yield { words, line: entryLine, isIndented }
        words = []
        isLineStart = true
      }
      continue
    }
    if (words.length === 0 && depth === 0 && isLineStart) {
      isIndented = BLANK.test(character)
      entryLine = line
    }
    isLineStart = false
    if (BLANK.test(character)) at++
    else if (character === ';') {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (character === '(') {
      depth++
      depthLine = line
      at++
    } else if (character === ')') {
      if (depth === 0) fail('a closing parenthesis too many', line)
      depth--
      at++
    } else {
      const end = character === '"' ? endOfQuotes(text, at, line) : endOfWord(text, at, line)
      const isQuoted = character === '"'
      words.push({ text: isQuoted ? text.slice(at + 1, end - 1) : text.slice(at, end), isQuoted })
      at = end
    }
  }
  if (depth > 0) fail('a parenthesis is not closed', depthLine)
  if (words.length > 0) yield { words, line: entryLine, isIndented }
}

/** Behind the closing quote. */
function endOfQuotes(text: string, start: number, line: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === '\n') break
    if (character === '\\') at++
  }
  return fail('a quote is not closed', line)
}

/** Quotes right behind an equals sign are a part of the word: `alpn="h2,h3"` (RFC 9460, 2.1). */
function endOfWord(text: string, start: number, line: number): number {
  let at = start
  while (at < text.length) {
    const character = text[at] as string
    if (END_OF_WORD.test(character)) break
    if (character === '"' && text[at - 1] === '=' && at > start) at = endOfQuotes(text, at, line)
    else if (character === '\\' && at + 1 < text.length && text[at + 1] !== '\n') at += 2
    else at++
  }
  return at
}

function fail(text: string, line: number): never {
  throw new DnsWireError('DNS_TEXT', text, { line })
}
