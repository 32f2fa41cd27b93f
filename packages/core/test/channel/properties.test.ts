import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { select } from '../../src/channel/select.js'
import { Actors, actor, interrupt, settle } from '../sync/actors.js'
import { Model, type Picked } from './channel-model.js'

const CAPACITIES = [0, 0, 1, 3]
const on = fc.nat(CAPACITIES.length - 1)
const way = fc.constantFrom('send' as const, 'receive' as const)

const operate = fc.record({ do: way, actor, on })
const attemptNow = fc.record({ do: fc.constantFrom('trySend' as const, 'tryReceive' as const), actor, on })
const close = fc.record({ do: fc.constant('close' as const), actor, on })
const selectOver = fc.record({
  do: fc.constant('select' as const),
  actor,
  cases: fc.array(fc.record({ way, on }), { maxLength: 5 }),
})

const anything = [
  { weight: 8, arbitrary: operate },
  { weight: 8, arbitrary: selectOver },
  { weight: 2, arbitrary: attemptNow },
  { weight: 4, arbitrary: interrupt },
  { weight: 4, arbitrary: settle },
] as const

type StepOf<A> = A extends fc.Arbitrary<infer Step> ? Step : never
type Step = StepOf<(typeof anything)[number]['arbitrary']> | StepOf<typeof close>

/** Real channels and the model, side by side. */
class Comparison {
  readonly actors = new Actors()
  readonly #model = new Model(this.actors, CAPACITIES)
  readonly #channels = CAPACITIES.map((capacity) => new Channel<number>(capacity))
  #next = 0

  /** Does one step with both. A step of an actor that waits is left out. */
  async do(step: Step): Promise<void> {
    if (step.do === 'settle') await this.actors.settle()
    else if (step.do === 'interrupt') this.#model.gone(this.actors.interrupt(step.actor))
    else if (step.do === 'close') this.#close(step.on)
    else if (step.do === 'trySend') this.#trySend(step.on)
    else if (step.do === 'tryReceive') this.#tryReceive(step.on)
    else if (this.actors.isWaiting(step.actor)) return
    else if (step.do === 'select') this.#select(step.actor, step.cases)
    else if (step.do === 'send') this.#send(step.actor, step.on)
    else this.#receive(step.actor, step.on)
  }

  checkQueues(): void {
    for (const [index, { size, balance }] of this.#channels.entries()) {
      const { buffer, senders, receivers } = this.#model.at(index)
      expect([size, balance]).toEqual([buffer.length, senders.length - receivers.length])
    }
  }

  #real(on: number): Channel<number> {
    return this.#channels[on] as Channel<number>
  }

  #close(on: number): void {
    this.#real(on).close()
    this.#model.close(on)
  }

  #trySend(on: number): void {
    const channel = this.#model.at(on)
    if (channel.isClosed) return
    const { canPut } = channel
    const value = this.#next++
    if (canPut) this.#model.put(channel, value)
    expect(this.#real(on).trySend(value)).toBe(canPut)
  }

  #tryReceive(on: number): void {
    const channel = this.#model.at(on)
    const end = channel.isClosed ? { closed: true, value: undefined } : undefined
    const must = channel.canTake ? { closed: false, value: this.#model.take(channel) } : end
    expect(this.#real(on).tryReceive()).toEqual(must)
  }

  #send(who: number, on: number): void {
    const value = this.#next++
    const attempt = this.actors.begin(who, `send ${value} on ${on}`, () => this.#real(on).send(value))
    if (attempt !== undefined) this.#model.send(attempt, on, value)
  }

  #receive(who: number, on: number): void {
    const attempt = this.actors.begin(who, `receive on ${on}`, () => this.#real(on).receive())
    if (attempt !== undefined) this.#model.receive(attempt, on)
  }

  #select(who: number, wanted: readonly { way: 'send' | 'receive'; on: number }[]): void {
    const cases = wanted.map(({ way, on }) => (way === 'send' ? { on, value: this.#next++ } : { on }))
    const real = cases.map(({ on, value }) =>
      value === undefined ? this.#real(on).receiveCase() : this.#real(on).sendCase(value),
    )
    const attempt = this.actors.begin(who, `select ${JSON.stringify(cases)}`, () => {
      const result = select(real)
      return result instanceof Promise ? result.then(pickedOf) : pickedOf(result)
    })
    if (attempt !== undefined) this.#model.select(attempt, cases)
  }
}

function pickedOf(result: { index: number; value: number | undefined; closed: boolean }): Picked {
  return [result.index, result.value, result.closed]
}

async function compare(script: readonly Step[]): Promise<void> {
  const comparison = new Comparison()
  for (const step of script) {
    await comparison.do(step)
    comparison.checkQueues()
  }
  await comparison.actors.check()
}

test('channels and selects lose no value, give none twice, keep their order, and nobody waits for what is there', async () => {
  const script = fc.array(fc.oneof(...anything), { maxLength: 60 })
  await fc.assert(fc.asyncProperty(script, compare), { numRuns: 200 })
})

test('the same holds when channels are closed meanwhile', async () => {
  const script = fc.array(fc.oneof(...anything, { weight: 2, arbitrary: close }), { maxLength: 60 })
  await fc.assert(fc.asyncProperty(script, compare), { numRuns: 200 })
})
