/** Content-Disposition for what is to be saved (RFC 6266), under a name of any letters (RFC 8187). */

const NOT_PLAIN = /[^\x20-\x7e]/g
const NEEDS_STARRED = /[^\x20-\x7e]|%|"|\\/

/** `attachment` with `name`; folders before it are left out, and what is no ASCII is in `filename*` too. */
export function attachment(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1)
  const plain = last.replace(NOT_PLAIN, '?').replace(/["\\]/g, '\\$&')
  const starred = NEEDS_STARRED.test(last) ? `; filename*=UTF-8''${percentEncoded(last)}` : ''
  return `attachment; filename="${plain}"${starred}`
}

/** But for the attr-char of RFC 8187, 3.2.1. A lone surrogate becomes U+FFFD. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd')).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
