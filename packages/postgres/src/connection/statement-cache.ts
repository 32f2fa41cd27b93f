/**
 * The statements that a connection keeps prepared on the server, by their text and the types that the program names: a bounded number. What was
 * not used for longest makes room; its Close travels with the next Parse, and what lies before that in the pipeline is not disturbed.
 */
import { encodeClose } from '../wire/frontend-encode.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { Stage, Statement } from './statement.js'

const NO_HINTS: readonly number[] = []

export class StatementCache {
  readonly #limit: number
  readonly #prefix: string
  readonly #statements = new Map<string, Statement>()
  /** To be closed on the server. */
  readonly #closing: string[] = []
  #uses = 0
  #names = 0

  constructor(limit: number, prefix: string) {
    this.#limit = limit
    this.#prefix = prefix
  }

  get size(): number {
    return this.#statements.size
  }

  find(text: string, hints: readonly number[] | null): Statement | undefined {
    const statement = this.#statements.get(hints === null ? text : keyOf(text, hints))
    if (statement !== undefined) statement.lastUse = ++this.#uses
    return statement
  }

  /** What a query goes on with: `own` if it has no name, as it was described for it alone; or one that is kept; or a new one. */
  choose(own: Statement | null, text: string, hints: readonly number[] | null, isKept: boolean): Statement {
    if (own !== null && own.stage !== Stage.gone && own.name === '') return own
    if (!isKept) return new Statement('', text, hints ?? NO_HINTS, '')
    return this.find(text, hints) ?? this.add(text, hints)
  }

  /** A new one, kept if there may be any. */
  add(text: string, hints: readonly number[] | null): Statement {
    const key = hints === null ? text : keyOf(text, hints)
    while (this.#statements.size >= this.#limit && this.#evict());
    const statement = new Statement(key, text, hints ?? NO_HINTS, `${this.#prefix}${++this.#names}`)
    statement.lastUse = ++this.#uses
    this.#statements.set(key, statement)
    return statement
  }

  /** Looks through all: there are few, and it happens when one more is prepared, which is a hundred times the work. */
  #evict(): boolean {
    let oldest: Statement | undefined
    for (const statement of this.#statements.values())
      if (statement.stage !== Stage.asked && (oldest === undefined || statement.lastUse < oldest.lastUse))
        oldest = statement
    if (oldest === undefined) return false
    this.drop(oldest)
    return true
  }

  /** It is not to be used again. */
  drop(statement: Statement): void {
    if (statement.stage === Stage.gone) return
    statement.stage = Stage.gone
    if (this.#statements.get(statement.key) === statement) this.#statements.delete(statement.key)
    if (statement.isKept && statement.name !== '') this.#closing.push(statement.name)
  }

  /** The server has forgotten all: DISCARD ALL, DEALLOCATE ALL. */
  forget(): void {
    for (const statement of this.#statements.values()) {
      // What is being prepared comes after the command that made it forget.
      if (statement.stage === Stage.asked && !statement.isKept) continue
      statement.stage = Stage.gone
      this.#statements.delete(statement.key)
    }
    this.#closing.length = 0
  }

  /** Every statement that was described. */
  values(): Iterable<Statement> {
    return this.#statements.values()
  }

  /** Names that are to be closed; once that was written, `closed` says so. */
  writeClosing(writer: MessageWriter): void {
    for (const name of this.#closing) encodeClose(writer, 'statement', name)
  }

  closed(): void {
    this.#closing.length = 0
  }
}

/** NUL is in no text that can be sent. */
function keyOf(text: string, hints: readonly number[]): string {
  return `${text}\0${hints.join()}`
}
