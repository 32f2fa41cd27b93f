/** Entity tags and how they are compared (RFC 9110, 8.8.3). */

const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/
/** A list is read from its beginning: what follows something that is no tag says nothing. */
const NEXT = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)/y

export function isEntityTag(text: string): boolean {
  return TAG.test(text)
}

/** Of `If-Match` and `If-None-Match`, apart from `*`. */
export function entityTags(text: string): string[] {
  const tags: string[] = []
  NEXT.lastIndex = 0
  for (let match = NEXT.exec(text); match !== null; match = NEXT.exec(text)) tags.push(match[1] as string)
  return tags
}

/** The same bytes: neither is weak. */
export function isStrongMatch(one: string, other: string): boolean {
  return one === other && !one.startsWith('W/')
}

/** As good as the same. */
export function isWeakMatch(one: string, other: string): boolean {
  return opaque(one) === opaque(other)
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}

export function weakened(tag: string): string {
  return tag.startsWith('W/') ? tag : `W/${tag}`
}
