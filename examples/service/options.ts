/** What the command line can say, and what holds where it does not. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface Options {
  readonly help: boolean
  readonly host: string
  readonly port: number
  readonly tlsPort: number
  readonly telnetPort: number
  /** Where the embedded database and the backdoor are. */
  readonly folder: string
  /** Of a server to be used in place of the embedded database. */
  readonly databaseUrl: string | undefined
  /** Whether titles are also fetched from addresses of this machine and of private networks. */
  readonly fetchesPrivate: boolean
  readonly opens: boolean
}

const FOLDER = fileURLToPath(new URL('../../service/data', import.meta.url))

export const HELP = `A link board, with everything that a service needs.

  npm start -- [options]

  --port PORT         of http; 8080, or what PORT says
  --tls-port PORT     of https, with a certificate made at the start; 8443
  --telnet-port PORT  of the worms; 4400
                      0 lets the kernel choose
  --host ADDRESS      where they all listen; 127.0.0.1: nobody but this machine
  --data FOLDER       where the database keeps its files; examples/service/data
  --fetch-private     fetch titles from private addresses too: for tests
  --open              show the page in a browser
  --help

DATABASE_URL=postgres://… uses that server in place of the embedded one.`

export function readOptions(args = process.argv.slice(2), environment = process.env): Options {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: environment.PORT || '8080' },
      'tls-port': { type: 'string', default: '8443' },
      'telnet-port': { type: 'string', default: '4400' },
      host: { type: 'string', default: '127.0.0.1' },
      data: { type: 'string', default: FOLDER },
      'fetch-private': { type: 'boolean', default: false },
      open: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    help: values.help,
    host: values.host,
    port: portOf('--port', values.port),
    tlsPort: portOf('--tls-port', values['tls-port']),
    telnetPort: portOf('--telnet-port', values['telnet-port']),
    folder: resolve(values.data),
    databaseUrl: environment.DATABASE_URL || undefined,
    fetchesPrivate: values['fetch-private'],
    opens: values.open,
  }
}

function portOf(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new RangeError(`${name} must be a number from 0 to 65535, not '${text}'`)
}
