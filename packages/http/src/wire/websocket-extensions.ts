/**
 * Sec-WebSocket-Extensions, and what permessage-deflate can be agreed to be (RFC 6455, 9.1; RFC 7692, 7.1). Neither side keeps its window
 * from one message to the next: so no connection holds memory for compression, only the messages that are worked on do.
 */

const DEFLATE = 'permessage-deflate'
/** zlib cannot make a raw stream with a window of 2^8: it makes one of 2^9 and does not say so. */
export const LEAST_OWN_WINDOW_BITS = 9
export const MOST_WINDOW_BITS = 15

export interface Extension {
  readonly name: string
  /** In order. `true`: without a value. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[]
}

/** What was agreed on. */
export interface Deflate {
  /** Of what this side sends, and of what it receives. */
  readonly ownWindowBits: number
  readonly peerWindowBits: number
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const PARAMETER = `[\\t ]*;[\\t ]*(${TOKEN})(?:[\\t ]*=[\\t ]*(?:(${TOKEN})|"(${TOKEN})"))?`
const EXTENSION = new RegExp(`[\\t ]*(${TOKEN})((?:${PARAMETER})*)[\\t ]*(,|$)`, 'y')
const PARAMETERS = new RegExp(PARAMETER, 'g')
/** More than this nobody offers. */
const MAX_EXTENSIONS = 32

/** Undefined: it is not as it should be. Without a value it is none. */
export function parseExtensions(value: string): readonly Extension[] | undefined {
  const extensions: Extension[] = []
  EXTENSION.lastIndex = 0
  while (EXTENSION.lastIndex < value.length) {
    const found = EXTENSION.exec(value)
    if (found === null || extensions.length === MAX_EXTENSIONS) return undefined
    const parameters = [...(found[2] as string).matchAll(PARAMETERS)].map(
      ([, name, token, quoted]) => [(name as string).toLowerCase(), token ?? quoted ?? true] as const,
    )
    extensions.push({ name: (found[1] as string).toLowerCase(), parameters })
    if (EXTENSION.lastIndex === value.length && value.endsWith(',')) return undefined
  }
  return extensions
}

interface DeflateParameters {
  serverForgets: boolean
  clientForgets: boolean
  serverBits: number | undefined
  /** `true`: the client can be told. */
  clientBits: number | true | undefined
}

/** Undefined: there is something in it that RFC 7692 does not have, or has twice. */
function deflateParameters({ parameters }: Extension): DeflateParameters | undefined {
  const known: DeflateParameters = {
    serverForgets: false,
    clientForgets: false,
    serverBits: undefined,
    clientBits: undefined,
  }
  const names = new Set<string>()
  for (const [name, value] of parameters) {
    if (names.has(name)) return undefined
    names.add(name)
    const bits = value === true ? undefined : windowBits(value)
    if (name === 'server_no_context_takeover' && value === true) known.serverForgets = true
    else if (name === 'client_no_context_takeover' && value === true) known.clientForgets = true
    else if (name === 'server_max_window_bits' && bits !== undefined) known.serverBits = bits
    else if (name === 'client_max_window_bits' && (value === true || bits !== undefined))
      known.clientBits = bits ?? true
    else return undefined
  }
  return known
}

function windowBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined
}

/** A server's answer to what a client offers: the first offer that it can take; undefined if there is none. */
export function acceptDeflate(
  offers: readonly Extension[],
  maxWindowBits: number,
): { readonly deflate: Deflate; readonly answer: string } | undefined {
  for (const offer of offers) {
    if (offer.name !== DEFLATE) continue
    const wanted = deflateParameters(offer)
    if (wanted === undefined) continue
    const own = Math.min(maxWindowBits, wanted.serverBits ?? MOST_WINDOW_BITS)
    if (own < LEAST_OWN_WINDOW_BITS) continue
    const canLimit = wanted.clientBits !== undefined
    const offered = typeof wanted.clientBits === 'number' ? wanted.clientBits : MOST_WINDOW_BITS
    const peer = canLimit ? Math.min(maxWindowBits, offered) : MOST_WINDOW_BITS
    let answer = `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`
    if (own < MOST_WINDOW_BITS) answer += `; server_max_window_bits=${own}`
    if (canLimit && peer < MOST_WINDOW_BITS) answer += `; client_max_window_bits=${peer}`
    return { deflate: { ownWindowBits: own, peerWindowBits: peer }, answer }
  }
  return undefined
}

/** What a client offers. */
export function offerDeflate(maxWindowBits: number): string {
  const forget = `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`
  if (maxWindowBits === MOST_WINDOW_BITS) return `${forget}; client_max_window_bits`
  return `${forget}; server_max_window_bits=${maxWindowBits}; client_max_window_bits=${maxWindowBits}`
}

/** What a server made of that offer. Undefined: something that was not offered. */
export function agreeDeflate(answer: Extension, maxWindowBits: number): Deflate | undefined {
  const agreed = answer.name === DEFLATE ? deflateParameters(answer) : undefined
  if (agreed === undefined || !agreed.serverForgets || agreed.clientBits === true) return undefined
  const peer = agreed.serverBits ?? MOST_WINDOW_BITS
  const own = Math.min(maxWindowBits, agreed.clientBits ?? MOST_WINDOW_BITS)
  if (peer > maxWindowBits || own < LEAST_OWN_WINDOW_BITS) return undefined
  return { ownWindowBits: own, peerWindowBits: peer }
}
