// Writes to both streams, echoes its input, and ends with the code given.
import { text } from 'node:stream/consumers'

const input = await text(process.stdin)
process.stdout.write(`out ${process.argv.slice(3).join(',')} ${process.env.FLAVOUR ?? 'plain'} ${input}\n`)
process.stderr.write(`err ${process.execArgv.join(',')}\n`)
process.exitCode = Number(process.argv[2])
