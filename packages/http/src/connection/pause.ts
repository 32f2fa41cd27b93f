/** A wait that ends when whoever has it wakes it; there is no list of these. */
import { type Scope, Wait } from '@shrapnel/core/parts'

export class Pause extends Wait<void> {
  readonly #until: string

  /** `until`: what it ends with, for people. */
  constructor(scope: Scope, until: string) {
    super(scope)
    this.#until = until
  }

  protected unlink(): void {
    // Waking one that was cancelled does nothing.
  }

  describe(): string {
    return `http, until ${this.#until}`
  }
}
