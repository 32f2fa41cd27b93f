/** What the command is told, read and checked. */
import { parseArgs } from 'node:util'

export const HELP = `Usage: npx @shrapnel/http get|head|post URL [options]

  -H, --header 'Name: value'  a field of the request; again for more
  -d, --data TEXT             the body; @FILE is a file's, - standard input's
  -i, --head                  print the head of the response before its body
      --json                  ask for JSON and print it indented; --data is sent as JSON
  -o, --output FILE           write the body to FILE (by way of FILE.partial)
  -c, --continue              go on with FILE.partial, if the server still has the same
      --timeout SECONDS       for all of it; no limit unless given
  -k, --insecure              take any certificate
      --proxy URL             http, https or socks5; 'none' for none. The environment's unless given
  -h, --help
  -v, --version

Ends with 0; 1 if the status is 400 or more, 2 if it is used wrongly, 3 if there is no whole response,
4 if the file cannot be written, 130 if it is interrupted.
`

export class ArgumentError extends Error {}

export interface Wanted {
  readonly kind: 'request'
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly data: string | undefined
  readonly showsHead: boolean
  readonly isJson: boolean
  readonly output: string | undefined
  readonly continues: boolean
  readonly timeoutMs: number
  readonly isInsecure: boolean
  readonly proxy: string | undefined
}

const METHODS = { get: 'GET', head: 'HEAD', post: 'POST' } as const

export function parseArguments(
  args: readonly string[],
): Wanted | { readonly kind: 'help' } | { readonly kind: 'version' } {
  const { values, positionals } = parsed(args)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [word, url, ...others] = positionals
  if (word === undefined || url === undefined) throw new ArgumentError('A method and a URL are needed.')
  if (others.length > 0) throw new ArgumentError(`There is one URL, and then ${others[0]}.`)
  const method = METHODS[word as keyof typeof METHODS]
  if (method === undefined) throw new ArgumentError(`${word} is none of get, head and post.`)
  if (values.continue === true && values.output === undefined)
    throw new ArgumentError('--continue needs --output.')
  if (values.data !== undefined && method !== 'POST') throw new ArgumentError('--data is for post.')
  if (values.output === '') throw new ArgumentError('--output needs the name of a file.')
  if (values.output !== undefined && method === 'HEAD')
    throw new ArgumentError('head has no body to --output.')
  return {
    kind: 'request',
    method,
    url: url.includes('://') ? url : `http://${url}`,
    headers: (values.header ?? []).map(parseHeader),
    data: values.data,
    showsHead: values.head ?? false,
    isJson: values.json ?? false,
    output: values.output,
    continues: values.continue ?? false,
    timeoutMs: parseSeconds(values.timeout),
    isInsecure: values.insecure ?? false,
    proxy: values.proxy,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        header: { type: 'string', short: 'H', multiple: true },
        data: { type: 'string', short: 'd' },
        head: { type: 'boolean', short: 'i' },
        json: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
        continue: { type: 'boolean', short: 'c' },
        timeout: { type: 'string' },
        insecure: { type: 'boolean', short: 'k' },
        proxy: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    throw new ArgumentError((error as Error).message)
  }
}

function parseHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new ArgumentError(`A header is 'Name: value', and not ${JSON.stringify(text)}.`)
  return [text.slice(0, colon), text.slice(colon + 1).trim()]
}

function parseSeconds(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds > 0)) throw new ArgumentError('--timeout is a number of seconds.')
  return seconds * 1_000
}
