/** A password that does not show: not in an error, not in `inspect`, not in JSON. */
import { inspect } from 'node:util'
import type { Password } from './connect-options.js'

const SHOWN = '[password]'

export class Secret {
  readonly #password: Password

  constructor(password: Password) {
    this.#password = password
  }

  reveal(): Password {
    return this.#password
  }

  toString(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  [inspect.custom](): string {
    return SHOWN
  }
}
