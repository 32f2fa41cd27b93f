/** The link board of examples/service with its embedded database, and the pages of a thousand browsers. Ours alone: it is there to be stood. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Benchmark, type Context, type Measured, OURS } from '../benchmark.js'
import { cpuUsOf } from '../cpu-time.js'
import { FOLDERS } from '../folders.js'
import { answerOf } from '../line-process.js'
import { oursAtLeast, oursAtMost } from '../target.js'

const SERVICE = join(FOLDERS.bench, '..', 'examples', 'dist', 'service', 'main.js')

interface Figures {
  readonly openMs: number
  readonly framesPerSecond: number
  readonly medianMs: number
  readonly slowestMs: number
  readonly lost: number
}

interface Running {
  readonly child: ChildProcess
  readonly url: string
}

async function startService(folder: string): Promise<Running> {
  const child = spawn(
    process.execPath,
    [SERVICE, '--port', '0', '--tls-port', '0', '--telnet-port', '0', '--data', folder],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DATABASE_URL: '' } },
  )
  let url = ''
  for await (const line of createInterface({ input: child.stdout })) {
    url = /http:\/\/localhost:\d+/.exec(line)?.[0] ?? url
    if (line === 'The database is there.') {
      child.stdout.resume()
      return { child, url: url.replace('localhost', '127.0.0.1') }
    }
  }
  throw new Error('the service did not start')
}

async function run({ isQuick, progress }: Context): Promise<Measured[]> {
  const browsers = isQuick ? 100 : 1_000
  const folder = mkdtempSync(join(tmpdir(), 'shrapnel-load-'))
  progress('starting the service')
  const { child, url } = await startService(folder)
  try {
    progress(`${browsers} browsers`)
    const cpuBefore = cpuUsOf(child.pid as number)
    const startedAt = performance.now()
    const program = join(FOLDERS.dist, 'programs', 'service-load.js')
    const figures = await answerOf<Figures>([
      process.execPath,
      program,
      url,
      `${browsers}`,
      isQuick ? '5' : '20',
    ])
    const cpuShare = (cpuUsOf(child.pid as number) - cpuBefore) / 10 / (performance.now() - startedAt)
    const measured = (
      title: string,
      value: number,
      better: 'lower' | 'higher',
      targets: Measured['targets'],
    ) => ({
      title: `${browsers} browsers: ${title}`,
      better,
      samples: new Map([[OURS, [value]]]),
      targets,
    })
    return [
      measured('connections that were lost', figures.lost, 'lower', [oursAtMost(0, 'connections')]),
      measured('all open (ms)', figures.openMs, 'lower', []),
      measured('pictures of the arena for each in a second', figures.framesPerSecond, 'higher', [
        oursAtLeast(10, 'a second'),
      ]),
      measured('a post is on the last page, median (ms)', figures.medianMs, 'lower', [oursAtMost(500, 'ms')]),
      measured('a post is on the last page, slowest (ms)', figures.slowestMs, 'lower', []),
      measured('processor time of the service (percent of one)', cpuShare, 'lower', []),
    ]
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

export const serviceLoad: Benchmark = {
  name: 'service-load',
  package: 'examples',
  summary: 'the link board with the pages of 1,000 browsers, each with links and arena',
  target: 'none is lost; at least 10 pictures a second for each; a post on all pages within 500 ms',
  unit: 'as said',
  run,
}
