#!/usr/bin/env node
/** `npx @shrapnel/dns`. Ends by itself when all is said; core ends it with 130 on Ctrl-C. */
import { runCommand } from './run.js'
import { system } from './system.js'

// The reader has seen enough (`| head`).
process.stdout.on('error', () => process.exit())

process.exitCode = await runCommand(process.argv.slice(2), system)
