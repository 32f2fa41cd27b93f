/**
 * What the heads of requests and responses have in common: lines of fields, up to an empty one (RFC 9112, 5), parsed in place. Each kind
 * looks at those that mean something to it.
 */
import { CR, LF } from './characters.js'
import { FieldScanner, INCOMPLETE } from './field-scanner.js'
import { Framing } from './framing.js'
import type { HeadLimits } from './limits.js'
import { badByte, pastLimit } from './refusals.js'

export abstract class MessageHead {
  readonly framing: Framing
  minorVersion = 1
  /** Where the fields begin, and where the line after the empty one does. */
  fieldsFrom = 0
  to = 0
  protected readonly field = new FieldScanner()

  /** `lengthLimit`: the option that says how long a body may be. */
  constructor(lengthLimit: string) {
    this.framing = new Framing(lengthLimit)
  }

  /**
   * Parses the bytes from `from` to `to`, which begin with a head. False: its end is not there yet. Throws `HTTP_SYNTAX` or
   * `HTTP_LIMIT`, as soon as what is there can be refused.
   */
  abstract parse(bytes: Buffer, from: number, to: number, limits: HeadLimits): boolean

  /** Looks at a field whose name begins at `at` and has `length` bytes. */
  protected abstract takeField(bytes: Buffer, at: number, length: number): void

  /** False: the empty line is not there yet. */
  protected parseFields(bytes: Buffer, to: number, limits: HeadLimits): boolean {
    const { field } = this
    this.framing.reset()
    field.begin(bytes, to - this.fieldsFrom)
    let count = 0
    for (let at = this.fieldsFrom; ; ) {
      if (at === to) return false
      if (bytes[at] === CR) {
        if (at + 1 === to) return false
        if (bytes[at + 1] !== LF) throw badByte(CR, 'the head of a message')
        this.to = at + 2
        return true
      }
      const next = field.next(bytes, at, to)
      if (next === INCOMPLETE) return false
      if (++count > limits.maxHeaders) throw pastLimit('maxHeaders', 431, 'there are more header fields')
      this.takeField(bytes, at, field.nameTo - at)
      at = next
    }
  }
}
