/** Which channels are listened to, by whom, and what the server knows of it. */
import { quoteIdentifier } from '../sql-fragment.js'
import type { Listener } from './listener.js'

/** What the server has to be told. */
export interface ChannelChange {
  readonly script: string
  readonly begun: readonly string[]
  readonly ended: readonly string[]
}

const NOBODY: ReadonlySet<Listener> = new Set()

export class Channels {
  readonly listeners = new Set<Listener>()
  readonly #wanted = new Map<string, Set<Listener>>()
  /** What the present connection listens to. */
  readonly #known = new Set<string>()

  add(listener: Listener): void {
    this.listeners.add(listener)
    for (const channel of listener.channels) {
      const others = this.#wanted.get(channel)
      if (others === undefined) this.#wanted.set(channel, new Set([listener]))
      else others.add(listener)
    }
  }

  remove(listener: Listener): void {
    this.listeners.delete(listener)
    for (const channel of listener.channels) {
      const others = this.#wanted.get(channel)
      others?.delete(listener)
      if (others?.size === 0) this.#wanted.delete(channel)
    }
  }

  of(channel: string): Iterable<Listener> {
    return [...(this.#wanted.get(channel) ?? NOBODY)]
  }

  /** There is a new connection, which knows of nothing. */
  forget(): void {
    this.#known.clear()
  }

  change(): ChannelChange | undefined {
    const begun = [...this.#wanted.keys()].filter((channel) => !this.#known.has(channel))
    const ended = [...this.#known].filter((channel) => !this.#wanted.has(channel))
    if (begun.length + ended.length === 0) return undefined
    const script = [
      ...begun.map((channel) => `listen ${quoteIdentifier([channel])}`),
      ...ended.map((channel) => `unlisten ${quoteIdentifier([channel])}`),
    ].join('; ')
    return { script, begun, ended }
  }

  /** The server has taken it. */
  changed({ begun, ended }: ChannelChange): void {
    for (const channel of begun) this.#known.add(channel)
    for (const channel of ended) this.#known.delete(channel)
  }

  /** Tells those who do not know yet that the server listens to all they want. */
  tellListening(): void {
    for (const listener of this.listeners)
      if (!listener.isListening && listener.channels.every((channel) => this.#known.has(channel)))
        listener.listening()
  }
}
