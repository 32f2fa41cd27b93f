/** Coroutines that end with what they belong to, a socket or a connection, and the places that they take meanwhile. */
import { type Coroutine, spawn } from '@shrapnel/core'

interface Child {
  readonly place: Disposable
  hasBegun: boolean
}

export class Brood {
  readonly #name: string
  readonly #living = new Map<Coroutine<void>, Child>()

  constructor(name: string) {
    this.#name = name
  }

  get size(): number {
    return this.#living.size
  }

  /** `place` is given back when `fn` has ended. */
  spawn(place: Disposable, fn: () => Promise<void>): void {
    const child: Child = { place, hasBegun: false }
    const coroutine: Coroutine<void> = spawn({ name: this.#name }, async () => {
      child.hasBegun = true
      try {
        await fn()
      } finally {
        this.#living.delete(coroutine)
        place[Symbol.dispose]()
      }
    })
    this.#living.set(coroutine, child)
  }

  shutdown(reason: string): void {
    for (const [coroutine, child] of this.#living) {
      coroutine.shutdown(reason)
      // What has not begun never will, and nothing in it can give the place back.
      if (!child.hasBegun) child.place[Symbol.dispose]()
    }
  }
}
