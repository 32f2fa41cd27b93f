/** How the servers failed that were asked one question, and what all of it amounts to. */
import { DnsError, type DnsErrorCode } from '../errors.js'
import type { Question } from '../wire/index.js'

export interface Failure {
  readonly server: string
  readonly error: unknown
}

export class Failures {
  readonly #list: Failure[]

  constructor(known: readonly Failure[]) {
    this.#list = [...known]
  }

  add(server: string, error: unknown): void {
    this.#list.push({ server, error })
  }

  /** It did not answer in time. `nuisance`: what came from it was no answer, and this says why. */
  addSilent(server: string, nuisance: unknown): void {
    const code = nuisance === undefined ? 'ETIMEOUT' : 'EBADRESP'
    const text = nuisance === undefined ? 'did not answer' : 'sent no answer that can be read'
    this.add(server, new DnsError(code, `${server} ${text}`, { server, cause: nuisance }))
  }

  /** How the best of them did, with all in `attempts`. */
  summary({ name, type }: Question): DnsError {
    const [first, ...others] = this.#list
    let best = first
    for (const each of others) if (rank(each.error) > rank(best?.error)) best = each
    const cause = best?.error
    const tried = this.#list.map(({ server, error }) => `${server} ${wordOf(error)}`).join(', ')
    return new DnsError(codeOf(cause), `no server answered ${name} ${type} (${tried})`, {
      hostname: name,
      type,
      server: best?.server,
      attempts: this.#list,
      extendedError: cause instanceof DnsError ? cause.extendedError : undefined,
      reply: cause instanceof DnsError ? cause.reply : undefined,
      cause,
    })
  }
}

function codeOf(error: unknown): DnsErrorCode {
  return error instanceof DnsError ? error.code : 'ECONNREFUSED'
}

/** What the system said, where it was the system. */
function wordOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : codeOf(error)
}

function rank(error: unknown): number {
  const code = codeOf(error)
  return code === 'ECONNREFUSED' ? 0 : code === 'ETIMEOUT' ? 1 : code === 'EBADRESP' ? 2 : 3
}
