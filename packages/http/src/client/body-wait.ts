/** Waiting for a body: as a Direction of core, but it keeps the process alive, as whatever waits for another machine does. */
import { SimultaneousError } from '@shrapnel/core'
import { type Scope, Wait } from '@shrapnel/core/parts'

export class BodyWait extends Wait<Buffer> {
  readonly #onCancel: () => void

  constructor(scope: Scope, onCancel: () => void) {
    super(scope)
    this.#onCancel = onCancel
  }

  /** Throws `SIMULTANEOUS` if somebody waits already. */
  static claim(wait: BodyWait | null, scope: Scope): void {
    if (wait === null || !wait.isPending) return
    const [first, second] = [wait.scope.coroutine, scope.coroutine]
    throw new SimultaneousError(
      'SIMULTANEOUS',
      `coroutine ${second.id} (${second.name}) cannot receive the body of a response: coroutine ${first.id} (${first.name}) does already`,
    )
  }

  protected override get isExternal(): boolean {
    return true
  }

  protected unlink(): void {
    this.#onCancel()
  }

  describe(): string {
    return 'http response body'
  }
}
