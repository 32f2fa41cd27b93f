/** A walk down the delegations, printed step by step as it is made. */
import type { Settings } from './arguments.js'
import type { AskedServer } from './ask.js'
import { serversFor } from './asked-servers.js'
import { failureOf } from './failure-words.js'
import { jsonLine, jsonReply } from './json-reply.js'
import { printedRecords } from './printed-record.js'
import { placeOf, printShort } from './printed-reply.js'
import { ROOT_SERVERS } from './root-servers.js'
import { DNS_PORT, TLS_PORT } from './server-point.js'
import type { Surroundings } from './surroundings.js'
import { type NamedServer, type TraceStep, trace } from './trace.js'
import { EXIT, exitCodeFor } from './usage.js'

/** Servers are many: one that is silent must not use up the time of all. */
const MOST_PER_SERVER_MS = 2_000

/** Prints each step; gives the exit code for the last. Fails with TraceError. */
export async function reportTrace(
  settings: Settings,
  tlsCa: string | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { write } = surroundings
  const start = await startOf(settings, surroundings)
  const timeoutMs = Math.min(MOST_PER_SERVER_MS, settings.timeoutMs)
  const ask = (question: Settings['question'], address: string) => {
    const known = start.find((each) => each.address === address)
    const server = known ?? { ...(start[0] as AskedServer), tlsName: undefined, address }
    return surroundings.ask(question, [server], { ...settings, tlsCa, timeoutMs })
  }
  let exitCode: number = EXIT.NO_REPLY
  let last: (TraceStep & { readonly is: 'reply' }) | undefined
  for await (const step of trace(settings.question, start.map(named), ask)) {
    if (step.is === 'reply') {
      exitCode = exitCodeFor(step.reply.message, settings.question)
      last = step
    }
    if (settings.form === 'json') write(jsonLine(jsonStep(step)))
    else if (settings.form === 'long') write(printedStep(step))
  }
  if (last !== undefined && settings.form === 'short') write(printShort(last.reply))
  return exitCode
}

async function startOf(settings: Settings, surroundings: Surroundings): Promise<readonly AskedServer[]> {
  if (settings.servers.length > 0) return await serversFor(settings, surroundings)
  const { transport, port = transport === 'tls' ? TLS_PORT : DNS_PORT } = settings.defaults
  return ROOT_SERVERS.map(({ address }) => ({ address, port, transport, tlsName: settings.tlsName }))
}

function named({ address }: AskedServer): NamedServer {
  return { name: ROOT_SERVERS.find((root) => root.address === address)?.name ?? address, address }
}

function printedStep(step: TraceStep): string {
  const from =
    step.server.name === step.server.address
      ? step.server.name
      : `${step.server.name} (${step.server.address})`
  if (step.is === 'address') return `;; found the address of ${from}\n`
  if (step.is === 'failure') return `;; zone ${step.zone}, ${from}: ${failureOf(step.error).text}\n`
  const { message } = step.reply
  const records = message.answers.length > 0 ? message.answers : message.authorities
  const rcode = message.rcode === 'NOERROR' ? '' : `${message.rcode}, `
  const head = `;; ${rcode}zone ${step.zone}, ${from}, ${placeOf(step.reply)}`
  return `${[head, ...printedRecords(records), ''].join('\n')}\n`
}

function jsonStep({ zone, server, ...step }: TraceStep): Readonly<Record<string, unknown>> {
  const facts = { step: step.is, zone, nameServer: server.name, address: server.address }
  if (step.is === 'address') return facts
  if (step.is === 'reply') return { ...facts, ...jsonReply(step.reply) }
  const { code, text } = failureOf(step.error)
  return { ...facts, error: { code, message: text } }
}
