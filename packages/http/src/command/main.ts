#!/usr/bin/env node
/** `npx @shrapnel/http`: one request from a shell. This file is the way in: arguments, signals and the exit code. */
import process from 'node:process'
import { setLatencyWarning } from '@shrapnel/core'
import { ArgumentError, HELP, parseArguments } from './arguments.js'
import { perform } from './perform.js'
import { version } from './version.js'

/** 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130
const WRONG_USE = 2
/** As for a file that cannot be written. */
const NO_OUTPUT = 4

// A machine that is busy is no news for whoever waits for a page.
setLatencyWarning(Number.POSITIVE_INFINITY)

const controller = new AbortController()
process.on('SIGINT', () => controller.abort(new Error('interrupted')))
// Whoever reads what we print may have enough: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`${error.message}\n`)
  process.exit(error.code === 'EPIPE' ? 0 : NO_OUTPUT)
})

async function main(): Promise<number> {
  try {
    const wanted = parseArguments(process.argv.slice(2))
    if (wanted.kind === 'help') process.stdout.write(HELP)
    else if (wanted.kind === 'version') process.stdout.write(`${version()}\n`)
    else return await perform(wanted, controller.signal)
    return 0
  } catch (error) {
    if (error instanceof ArgumentError) {
      process.stderr.write(`${error.message}\nTry --help.\n`)
      return WRONG_USE
    }
    if (controller.signal.aborted) return INTERRUPTED
    throw error
  }
}

process.exitCode = await main()
