/** What a peer speaks that speaks no TLS: seen by its first bytes, in words. */

/** A record of TLS begins with its type (RFC 8446, 5.1; 24 is heartbeat) and 3, the major version. */
const FIRST_TYPE = 20
const LAST_TYPE = 24
const MAJOR_VERSION = 3
const MOST_SHOWN = 24

const GREETINGS: readonly (readonly [begins: RegExp, what: string])[] = [
  [/^HTTP\//, 'plain HTTP; this port has no TLS'],
  [
    /^(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI) /,
    'plain HTTP; the client used http: for a port with TLS',
  ],
  [/^SSH-/, 'SSH'],
  [
    /^220[ -]/,
    'plain SMTP or FTP; TLS begins there after a command (STARTTLS, AUTH TLS), which upgrade() is for',
  ],
  [/^\* (?:OK|PREAUTH|BYE)/, 'plain IMAP; TLS begins there after STARTTLS, which upgrade() is for'],
  [/^\+OK/, 'plain POP3; TLS begins there after STLS, which upgrade() is for'],
  [/^<(?:\?xml|stream)/, 'XML, as XMPP does; TLS begins there after <starttls/>, which upgrade() is for'],
  [/^PROXY /, 'the PROXY protocol, which has to be read before TLS begins'],
  [/^[\s\S]{3}\0\n/, 'plain MySQL; TLS begins there after a request for it, which upgrade() is for'],
]

/** Undefined: it may be TLS. */
export function plainWords(first: Buffer): string | undefined {
  const [type, version] = first
  if (type === undefined || isRecord(type, version)) return undefined
  const text = first.toString('latin1')
  const known = GREETINGS.find(([begins]) => begins.test(text))?.[1]
  const what =
    known ?? (type >= 0x80 ? 'an unknown protocol, or TLS of last century (SSLv2)' : 'an unknown protocol')
  return `the peer does not speak TLS but ${what}: it began with ${JSON.stringify(text.slice(0, MOST_SHOWN))}`
}

function isRecord(type: number, version: number | undefined): boolean {
  return type >= FIRST_TYPE && type <= LAST_TYPE && (version === undefined || version === MAJOR_VERSION)
}
