/** The type of what `select` gives: for each case of the tuple its own result, told apart by `case`, `index` or `kind`. */
import type { Channel } from './channel.js'
import type { DefaultCase, ReceiveCase, SelectCase, SendCase, TimeoutCase } from './select-cases.js'

interface Outcome<Kind, Case, Index, On, Closed, Value> {
  readonly kind: Kind
  /** The case that happened, the very object that was passed. */
  readonly case: Case
  /** Its place among the cases. */
  readonly index: Index
  readonly channel: On
  /** True: there is nothing to receive, as the channel is closed and empty. */
  readonly closed: Closed
  /** What was received. */
  readonly value: Value
}

type IndexOf<Key> = Key extends `${infer Index extends number}` ? Index : number

type ResultOf<Case, Index> =
  Case extends ReceiveCase<infer T>
    ?
        | Outcome<'receive', Case, Index, Channel<T>, false, T>
        | Outcome<'receive', Case, Index, Channel<T>, true, undefined>
    : Case extends SendCase<infer T>
      ? Outcome<'send', Case, Index, Channel<T>, false, undefined>
      : Case extends TimeoutCase
        ? Outcome<'timeout', Case, Index, undefined, false, undefined>
        : Case extends DefaultCase
          ? Outcome<'default', Case, Index, undefined, false, undefined>
          : never

/**
 * Never happens. TypeScript narrows a union by a property only if that is of a literal type in one of its members; this
 * member's `undefined` makes `result.case === mine` do it.
 */
type Impossible = Outcome<never, undefined, never, never, never, never>

/** What happened in a `select` over `Cases`. */
export type SelectResult<Cases extends readonly (SelectCase | null)[]> =
  | { [Key in keyof Cases]: ResultOf<Cases[Key], IndexOf<Key>> }[number]
  | Impossible
