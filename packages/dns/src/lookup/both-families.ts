/** One name's addresses from DNS: both families at once, and what is to be made of two answers. */
import { type Awaitable, GroupError, group } from '@shrapnel/core'
import { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import type { Family } from '../system/hosts-file.js'
import type { Deadline } from './deadline.js'
import type { LookupParts } from './parts.js'

/** What is known of a name: addresses, that there are none, or a failure that may pass. */
export interface NameOutcome {
  readonly found: readonly Resolution[]
  readonly failure: DnsError | undefined
}

type Outcome = Resolution | DnsError

/** Waits for both. Fails only when it is cancelled. Never asks for a family that nobody wants. */
export async function askBothFamilies(
  parts: LookupParts,
  name: string,
  family: 0 | Family,
  deadline: Deadline,
): Promise<NameOutcome> {
  const ask = (type: string) => outcomeOf(() => parts.resolve(name, type, deadline.leftMs))
  const { singleRequest, noAaaa } = parts.rules()
  const wantsSix = family !== 4 && !noAaaa
  if (family === 4 || !wantsSix) {
    // glibc says of `no-aaaa`: as if there were none, also when they are asked for alone.
    return family === 6 ? NOTHING : combine([await ask('A')])
  }
  if (family === 6) return combine([await ask('AAAA')])
  if (singleRequest) {
    const four = await ask('A')
    return combine([await ask('AAAA'), four])
  }
  return combine(await atOnce(name, ask))
}

const NOTHING: NameOutcome = { found: [], failure: undefined }

/** What is in the cache costs no coroutine. */
async function atOnce(name: string, ask: (type: string) => Awaitable<Outcome>): Promise<readonly Outcome[]> {
  const six = ask('AAAA')
  if (!(six instanceof Promise)) return [six, await ask('A')]
  try {
    return await group(async (children) => {
      const four = children.spawn({ name: `lookup ${name} A` }, async () => ask('A'))
      return [await six, await four.join()]
    })
  } catch (error) {
    // Both may fail of the same: that the resolver is closed, say.
    throw error instanceof GroupError ? error.errors[0] : error
  }
}

function outcomeOf(ask: () => Awaitable<Resolution>): Awaitable<Outcome> {
  try {
    const answer = ask()
    return answer instanceof Promise ? answer.catch(known) : answer
  } catch (error) {
    return known(error)
  }
}

function known(error: unknown): DnsError {
  if (error instanceof DnsError) return error
  throw error
}

/** A name that does not exist has records of no type, whatever became of the other question. */
function combine(outcomes: readonly Outcome[]): NameOutcome {
  const found = outcomes.filter((outcome): outcome is Resolution => !(outcome instanceof DnsError))
  if (found.length > 0) return { found, failure: undefined }
  const errors = outcomes.filter((outcome): outcome is DnsError => outcome instanceof DnsError)
  if (errors.some(({ code }) => code === 'ENOTFOUND')) return NOTHING
  return { found, failure: errors.find(({ isTemporary }) => isTemporary) }
}
