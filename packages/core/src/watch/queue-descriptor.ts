/** The descriptor of a kernel's queue of changes. It is read when it becomes readable, whether or not somebody waits. */
import { READABLE } from '../native.js'
import { Descriptor } from '../net/descriptor.js'

export class QueueDescriptor extends Descriptor {
  readonly #onReadable: () => void

  /** `onReadable` must not throw. */
  constructor(fd: number, onReadable: () => void) {
    super(fd)
    this.#onReadable = onReadable
  }

  override onEvent(readiness: number): void {
    if ((readiness & READABLE) !== 0) this.#onReadable()
  }
}
