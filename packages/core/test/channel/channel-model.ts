/** What channels and selects must do, said as simply as possible, for property tests to compare the real ones with. */
import { expect } from 'vitest'
import type { Actors, Attempt } from '../sync/actors.js'

/** One who waits at a channel; `index` is that of the case, if it is a select. */
interface Waiting {
  readonly attempt: Attempt
  readonly index?: number
  readonly value: number
}

export class ChannelModel {
  readonly capacity: number
  readonly buffer: number[] = []
  readonly senders: Waiting[] = []
  readonly receivers: Waiting[] = []
  isClosed = false
  constructor(capacity: number) {
    this.capacity = capacity
  }
  get canPut(): boolean {
    return this.receivers.length > 0 || this.buffer.length < this.capacity
  }
  get canTake(): boolean {
    return this.senders.length > 0 || this.buffer.length > 0
  }
}

/** A case of a select: on which channel, and the value to send; without one it receives. */
export interface ModelCase {
  readonly on: number
  readonly value?: number
}

/** What a select gave: the index of the case, the value, and whether the channel is closed. */
export type Picked = readonly [index: number, value: number | undefined, closed: boolean]

export class Model {
  readonly channels: readonly ChannelModel[]
  readonly #actors: Actors
  constructor(actors: Actors, capacities: readonly number[]) {
    this.#actors = actors
    this.channels = capacities.map((capacity) => new ChannelModel(capacity))
  }

  send(attempt: Attempt, on: number, value: number): void {
    const channel = this.at(on)
    if (channel.isClosed) {
      this.#actors.end(attempt, 'failed')
    } else if (channel.canPut) {
      this.put(channel, value)
      this.#actors.end(attempt, 'done')
    } else {
      channel.senders.push({ attempt, value })
    }
  }

  receive(attempt: Attempt, on: number): void {
    const channel = this.at(on)
    if (channel.canTake) this.#actors.end(attempt, 'done', this.take(channel))
    else if (channel.isClosed) this.#actors.end(attempt, 'failed')
    else channel.receivers.push({ attempt, value: Number.NaN })
  }

  /** A select that has begun. Which of several ready cases it took, it says itself: any of them will do. */
  select(attempt: Attempt, cases: readonly ModelCase[]): void {
    const ready = cases.filter(({ on, value }) => this.#isReady(on, value))
    if (ready.length === 0) this.#wait(attempt, cases)
    else if (attempt.state === 'done') this.#happen(attempt, cases, ready)
    else this.#fail(attempt, ready)
  }

  #wait(attempt: Attempt, cases: readonly ModelCase[]): void {
    for (const [index, { on, value }] of cases.entries()) {
      if (value === undefined) this.at(on).receivers.push({ attempt, index, value: Number.NaN })
      else this.at(on).senders.push({ attempt, index, value })
    }
  }

  #fail(attempt: Attempt, ready: readonly ModelCase[]): void {
    const mayFail = ready.some(({ on, value }) => value !== undefined && this.at(on).isClosed)
    expect(mayFail, `${attempt.text}: it fails only for sending on a closed channel`).toBe(true)
    this.#actors.end(attempt, 'failed')
  }

  #happen(attempt: Attempt, cases: readonly ModelCase[], ready: readonly ModelCase[]): void {
    const [index] = attempt.value as Picked
    const picked = cases[index] as ModelCase
    expect(ready, `${attempt.text}: what it took was ready`).toContain(picked)
    const channel = this.at(picked.on)
    if (picked.value !== undefined) {
      this.put(channel, picked.value)
      this.#actors.end(attempt, 'done', [index, undefined, false])
    } else if (channel.canTake) {
      this.#actors.end(attempt, 'done', [index, this.take(channel), false])
    } else {
      this.#actors.end(attempt, 'done', [index, undefined, true])
    }
  }

  close(on: number): void {
    const channel = this.at(on)
    if (channel.isClosed) return
    channel.isClosed = true
    for (let next = channel.senders[0]; next !== undefined; next = channel.senders[0]) {
      this.#leave(next.attempt)
      this.#actors.end(next.attempt, 'failed')
    }
    for (let next = channel.receivers[0]; next !== undefined; next = channel.receivers[0]) {
      this.#leave(next.attempt)
      if (next.index === undefined) this.#actors.end(next.attempt, 'failed')
      else this.#actors.end(next.attempt, 'done', [next.index, undefined, true])
    }
  }

  /** Interrupted: it waits nowhere any more. */
  gone(attempt: Attempt | undefined): void {
    if (attempt !== undefined) this.#leave(attempt)
  }

  put(channel: ChannelModel, value: number): void {
    const receiver = channel.receivers[0]
    if (receiver === undefined) {
      channel.buffer.push(value)
    } else {
      this.#leave(receiver.attempt)
      const { index } = receiver
      this.#actors.end(receiver.attempt, 'done', index === undefined ? value : [index, value, false])
    }
  }

  take(channel: ChannelModel): number {
    const sender = channel.senders[0]
    if (sender !== undefined) {
      this.#leave(sender.attempt)
      channel.buffer.push(sender.value)
      const { index } = sender
      this.#actors.end(sender.attempt, 'done', index === undefined ? undefined : [index, undefined, false])
    }
    return channel.buffer.shift() as number
  }

  at(on: number): ChannelModel {
    return this.channels[on] as ChannelModel
  }

  #isReady(on: number, value: number | undefined): boolean {
    const channel = this.at(on)
    return channel.isClosed || (value === undefined ? channel.canTake : channel.canPut)
  }

  #leave(attempt: Attempt): void {
    for (const { senders, receivers } of this.channels) {
      for (const queue of [senders, receivers]) {
        for (let place = queue.length - 1; place >= 0; place--)
          if (queue[place]?.attempt === attempt) queue.splice(place, 1)
      }
    }
  }
}
