/**
 * A second reading of the standard, to hold the server against: with regular expressions over all the text, as slow and plain as can be, and with
 * nothing of the code under test. It gives the requests that are whole, and says how the reading ended.
 */

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const VALUE = '[\\t\\x20-\\x7e\\x80-\\xff]*'
const FIELD = `${TOKEN}:${VALUE}\\r\\n`
const HEAD = new RegExp(
  `^(?:\\r\\n)?(${TOKEN}) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.([0-9])\\r\\n((?:${FIELD})*)\\r\\n`,
)
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
const CHUNK = new RegExp(`^([0-9A-Fa-f]{1,12})((?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*)\\r\\n`)
const TRAILERS = new RegExp(`^((?:${FIELD})*)\\r\\n`)
const NO_TRAILER = /^(?:content-length|transfer-encoding|host|trailer|connection)$/i
const HOST = /^(?:\[[0-9A-Fa-f:.]+\](?::\d*)?|[A-Za-z0-9\-._~%!$&'()*+;=]+(?::\d*)?|)$/
const ABSOLUTE = /^https?:\/\/([^/?]+)/i

export interface Reading {
  /** As in a verdict: `METHOD target=body`. */
  readonly requests: readonly string[]
  /** Whether all of the text was read, and the connection goes on. */
  readonly isInStep: boolean
}

class Refused extends Error {}
function demand(condition: boolean): asserts condition {
  if (!condition) throw new Refused()
}

function fieldsOf(text: string): [name: string, value: string][] {
  const lines = text.split('\r\n').slice(0, -1)
  return lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')]
  })
}

function checkTarget(method: string, target: string): void {
  if (method === 'CONNECT') demand(/:\d+$/.test(target) && HOST.test(target))
  else if (target === '*') demand(method === 'OPTIONS')
  else if (!target.startsWith('/')) {
    const host = ABSOLUTE.exec(target)?.[1]
    demand(host !== undefined && HOST.test(host))
  }
}

interface Shape {
  readonly isChunked: boolean
  readonly length: number
  readonly isLast: boolean
}

function shapeOf(fields: readonly [string, string][], minor: string): Shape {
  const all = (name: string): string[] =>
    fields.filter((field) => field[0] === name).map(([, value]) => value)
  const hosts = all('host')
  demand(hosts.length < 2 && (hosts.length === 1 || minor === '0'))
  demand(hosts.every((host) => HOST.test(host)))
  const codings = all('transfer-encoding')
  const lengths = all('content-length')
  demand(lengths.length < 2 && lengths.every((length) => /^\d{1,15}$/.test(length)))
  demand(codings.length < 2 && codings.every((coding) => coding.toLowerCase() === 'chunked'))
  demand(codings.length === 0 || (lengths.length === 0 && minor !== '0'))
  demand(minor === '0' || all('expect').every((value) => value.toLowerCase() === '100-continue'))
  const length = Number(lengths[0] ?? 0)
  demand(length <= 10 * 1024 * 1024 && fields.length <= 100)
  const options = all('connection').flatMap((value) =>
    value.split(',').map((part) => part.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase()),
  )
  const isLast = options.includes('close') || (minor === '0' && !options.includes('keep-alive'))
  return { isChunked: codings.length === 1, length, isLast }
}

/** The data, its trailers and what follows; undefined: it is cut. */
function chunksOf(text: string): { body: string; trailers: string; rest: string } | undefined {
  let body = ''
  let extensionBytes = 0
  for (let rest = text; ; ) {
    const size = CHUNK.exec(rest)
    if (size === null) return undefined
    const extension = size[2] as string
    extensionBytes += extension.length
    // Each begins with a semicolon, which is counted with all but the first.
    if (extension.length > 257 || extensionBytes > 4_096) return undefined
    const length = Number.parseInt(size[1] as string, 16)
    rest = rest.slice(size[0].length)
    if (length > 0) {
      if (rest.slice(length, length + 2) !== '\r\n') return undefined
      body += rest.slice(0, length)
      rest = rest.slice(length + 2)
      continue
    }
    const trailers = TRAILERS.exec(rest)
    if (trailers === null) return undefined
    const fields = fieldsOf(trailers[1] as string)
    if (fields.length > 100 || fields.some(([name]) => NO_TRAILER.test(name))) return undefined
    const shown = (trailers[1] as string).split('\r\n').slice(0, -1)
    return {
      body,
      trailers: shown.map((line, i) => ` ${line.slice(0, line.indexOf(':'))}: ${fields[i]?.[1]}`).join(),
      rest: rest.slice(trailers[0].length),
    }
  }
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

export function readRequests(text: string): Reading {
  const requests: string[] = []
  const reading = (isInStep: boolean): Reading => ({ requests, isInStep })
  for (let rest = text; rest.length > 0; ) {
    const head = HEAD.exec(rest)
    if (head === null) return reading(false)
    const [all, method = '', target = '', minor = '', lines = ''] = head
    rest = rest.slice(all.length)
    let shape: Shape
    try {
      if (method.length > 32 || target.length > 8_192 || all.length > 16_384) return reading(false)
      shape = shapeOf(fieldsOf(lines), minor)
      checkTarget(method, target)
    } catch (error) {
      if (error instanceof Refused) return reading(false)
      throw error
    }
    if (method === 'CONNECT' && (shape.isChunked || shape.length > 0)) return reading(false)
    if (shape.isChunked) {
      const chunks = chunksOf(rest)
      if (chunks === undefined) return reading(false)
      rest = chunks.rest
      requests.push(`${method} ${target}=${escaped(chunks.body)}${chunks.trailers}`)
    } else if (rest.length < shape.length) return reading(false)
    else {
      const body = rest.slice(0, shape.length)
      rest = rest.slice(shape.length)
      requests.push(`${method} ${target}${shape.length > 0 ? `=${escaped(body)}` : ''}`)
    }
    if (shape.isLast || method === 'CONNECT') return reading(false)
  }
  return reading(true)
}
