/**
 * A link board: a small service with all that a real one has. `npm start` starts it; --help says what it can be told.
 * To read it, begin with service.ts, which puts the parts together, and board.ts, which is what they are about.
 */
import { Event, now, run, setExit, signals, spawn } from '@shrapnel/core'
import { HELP, type Options, readOptions } from './options.js'
import { type Running, runService, StartError } from './service.js'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function main(): Promise<void> {
  const options = readOptions()
  if (options.help) return console.log(HELP)
  const stop = new Event<number>()
  for (const signal of STOP_SIGNALS) signals.handle(signal, () => askToStop(stop), { daemon: true })
  await runService(options, stop, (running) => {
    console.log(greeting(options, running))
    if (options.opens) spawn({ name: 'browser', daemon: true }, showInBrowser, urlOf(running.http))
  })
  console.log('Stopped.')
}

/**
 * Who asks again does not want to wait. But a Ctrl-C in a terminal reaches every program there, and those that started
 * this one pass it on: what comes within a second is the same wish.
 */
function askToStop(stop: Event<number>): void {
  if (stop.set(now())) console.log('Stopping …')
  else if (now() - (stop.value as number) > 1000) process.exit(1)
}

function greeting({ databaseUrl, folder }: Options, { http, https, telnet, backdoor }: Running): string {
  return `The link board is open:

  ${urlOf(http)}
  ${urlOf(https)}   with a certificate of its own making: the browser will ask
  telnet ${http.address?.address} ${telnet.port}       the worms

Three things to try:

  1. Post a link in one window and see it in another.
  2. curl '${urlOf(http)}/api/links' --json '{"url": "https://nodejs.org", "note": "by hand"}'
  3. Look inside while it runs: socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${backdoor.unixPath}

What is posted is kept in ${databaseUrl === undefined ? folder : 'the database of DATABASE_URL'}. Ctrl-C ends it.
`
}

/** Loopback by the name that the certificate is for, too. */
function urlOf({ url }: Running['http']): string {
  return url.replace('127.0.0.1', 'localhost')
}

async function showInBrowser(url: string): Promise<void> {
  await run(process.platform === 'darwin' ? 'open' : 'xdg-open', [url])
}

spawn({ name: 'link board' }, async () => {
  try {
    await main()
    setExit(0)
  } catch (error) {
    const isPlain = error instanceof StartError || error instanceof RangeError || isWrongArgument(error)
    console.error(isPlain ? error.message : error)
    setExit(1)
  }
})

/** What parseArgs throws. */
function isWrongArgument(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
