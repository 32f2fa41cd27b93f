/** The command: arguments in, text and an exit code out. */
import { Interrupted, now, withTimeout } from '@shrapnel/core'
import type { Reply } from '../resolution.js'
import { parseCommandLine, type Settings } from './arguments.js'
import { serversFor } from './asked-servers.js'
import { failureOf } from './failure-words.js'
import { jsonLine, jsonReply } from './json-reply.js'
import { printReply, printShort } from './printed-reply.js'
import type { Surroundings } from './surroundings.js'
import { reportTrace } from './trace-report.js'
import { EXIT, exitCodeFor, HELP } from './usage.js'
import { UsageError } from './usage-error.js'

/** Runs the command to its end and gives its exit code. Cancelling it leaves no query behind. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    const wish = parseCommandLine(args)
    if (wish.wants === 'help') {
      surroundings.write(HELP)
      return EXIT.ANSWER
    }
    if (wish.wants === 'version') {
      surroundings.write(`${surroundings.version}\n`)
      return EXIT.ANSWER
    }
    return await answer(wish.settings, surroundings)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    surroundings.complain(`${error.message}\nTry --help.\n`)
    return EXIT.USAGE
  }
}

async function answer(settings: Settings, surroundings: Surroundings): Promise<number> {
  const tlsCa =
    settings.tlsCaFile === undefined ? undefined : await certificates(settings.tlsCaFile, surroundings)
  try {
    if (settings.isTrace)
      return await withTimeout(settings.timeoutMs, () => reportTrace(settings, tlsCa, surroundings))
    const startedAt = now()
    const servers = await withTimeout(settings.timeoutMs, () => serversFor(settings, surroundings))
    // No limit around it: its own says which server did not answer.
    const timeoutMs = Math.max(0, settings.timeoutMs - (now() - startedAt))
    const reply = await surroundings.ask(settings.question, servers, { ...settings, timeoutMs, tlsCa })
    return report(reply, settings, surroundings)
  } catch (error) {
    if (error instanceof UsageError || error instanceof Interrupted) throw error
    const { code, text, exitCode, reply } = failureOf(error)
    if (settings.form === 'json') {
      const said = reply === undefined ? {} : { reply: jsonReply(reply) }
      surroundings.write(jsonLine({ error: { code, message: text }, ...said }))
    } else {
      if (settings.form === 'long' && reply !== undefined) surroundings.write(printReply(reply))
      surroundings.complain(`;; ${text}\n`)
    }
    return exitCode
  }
}

function report(reply: Reply, { form, question }: Settings, { write }: Surroundings): number {
  write(
    form === 'json' ? jsonLine(jsonReply(reply)) : form === 'short' ? printShort(reply) : printReply(reply),
  )
  return exitCodeFor(reply.message, question)
}

async function certificates(path: string, { readFile }: Surroundings): Promise<string> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new UsageError(`--tls-ca ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
