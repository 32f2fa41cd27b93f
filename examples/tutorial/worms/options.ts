/** What the command line of the demonstration may say. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `Worms: each a coroutine, in an arena that you join by telnet or socat.

  --port NUMBER      where to listen, on 127.0.0.1 (4400; if that is taken, any free one)
  --worms NUMBER     how many there are at first (10)
  --size WxH         of the arena, wall included (80x22: with the status below, a window of 80 by 24)
  --backdoor PATH    the UNIX socket of the backdoor (a file of its own in the folder for temporary files)
  --help             this

Ctrl-C ends it.`

const DEFAULT_PORT = 4400

export interface Options {
  readonly help: boolean
  readonly port: number
  /** Another port will do. */
  readonly isPortFree: boolean
  readonly worms: number
  readonly width: number
  readonly height: number
  readonly unixPath: string
}

/** Throws an error with a sentence for whoever typed it. */
export function readOptions(args?: string[]): Options {
  const { values } = parseArgs({
    ...(args === undefined ? {} : { args }),
    options: {
      port: { type: 'string' },
      worms: { type: 'string', default: '10' },
      size: { type: 'string', default: '80x22' },
      backdoor: { type: 'string', default: join(tmpdir(), `shrapnel-worms-${process.pid}.sock`) },
      help: { type: 'boolean', default: false },
    },
  })
  const [width = '', height = ''] = values.size.split('x')
  return {
    help: values.help,
    port: whole('--port', values.port ?? String(DEFAULT_PORT), 0, 65_535),
    isPortFree: values.port === undefined,
    worms: whole('--worms', values.worms, 0, 1000),
    width: whole('the width in --size', width, 10, 500),
    height: whole('the height in --size', height, 5, 200),
    unixPath: values.backdoor,
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not '${text}'`)
}
