/** Random askers, answers, times and cancellations: the resolver does what the simple model says, after each step. */
import { all, type Coroutine, spawn } from '@shrapnel/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DnsError } from '../../src/errors.js'
import { Resolver } from '../../src/resolver.js'
import type { ResourceRecord } from '../../src/wire/index.js'
import { a, outcomeOf, type Pending, ScriptedUpstream, soa, virtualTime } from './scripted-upstream.js'
import { type Answer, NEGATIVE_SECONDS, SimpleModel } from './simple-model.js'

const time = virtualTime()

type Step =
  | { readonly step: 'ask'; readonly name: string; readonly type: string; readonly timeoutMs: number }
  | { readonly step: 'answer'; readonly which: number; readonly answer: Answer }
  | { readonly step: 'advance'; readonly ms: number }
  | { readonly step: 'cancel'; readonly which: number }
  | { readonly step: 'flush'; readonly name: string }

const name = fc.constantFrom('a.test', 'b.test')
const which = fc.nat(20)
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ says: fc.constant('address' as const), ttl: fc.constantFrom(0, 1, 4, 60) }),
  fc.record({ says: fc.constantFrom('no name' as const, 'no data' as const, 'failure' as const) }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant('ask' as const),
      name,
      type: fc.constantFrom('A', 'MX'),
      timeoutMs: fc.constantFrom(100, 5_000, 60_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('answer' as const), which, answer }) },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('advance' as const),
      ms: fc.constantFrom(1, 99, 100, 1_000, 4_000, 5_000, 9_000, 31_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('cancel' as const), which }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('flush' as const), name }) },
)

/** The real one, with the same steps as the model. */
class Real {
  readonly upstream = new ScriptedUpstream()
  readonly resolver = new Resolver(this.upstream)
  readonly askers: Coroutine<string>[] = []
  readonly outcomes: (string | undefined)[] = []

  ask(name: string, type: string, timeoutMs: number): void {
    const asker = spawn(async () => {
      const { records } = await this.resolver.resolve(name, type, { timeoutMs })
      return String(records.map(({ data }) => (data as { address: string }).address))
    })
    const place = this.askers.push(asker) - 1
    this.outcomes.push(undefined)
    void outcomeOf(asker.join()).then((outcome) => {
      this.outcomes[place] = 'value' in outcome ? outcome.value : outcome.error.code
    })
  }

  answer(pending: Pending, answer: Answer, address: string): void {
    const { name, type } = pending.question
    const authorities = [soa('test', NEGATIVE_SECONDS)]
    if (answer.says === 'failure') pending.fail(new DnsError('ESERVFAIL', 'it went wrong'))
    else if (answer.says === 'no name') pending.reply({ rcode: 'NXDOMAIN', authorities })
    else if (answer.says === 'no data') pending.reply({ authorities })
    else pending.reply({ answers: [{ ...a(name, address, answer.ttl), type } as ResourceRecord] })
  }
}

async function perform(next: Step, real: Real, model: SimpleModel): Promise<void> {
  if (next.step === 'ask') {
    real.ask(next.name, next.type, next.timeoutMs)
    model.ask(next.name, next.type, next.timeoutMs)
  } else if (next.step === 'advance') {
    model.advance(next.ms)
    await time.clock.advance(next.ms)
  } else if (next.step === 'flush') {
    real.resolver.flush(next.name)
    model.flush(next.name)
  } else if (next.step === 'cancel') {
    const at = model.askers.length === 0 ? 0 : next.which % model.askers.length
    const asker = model.askers[at]
    if (asker === undefined) return
    real.askers[at]?.interrupt()
    model.cancel(asker)
  } else {
    // Questions that were cancelled are not there any longer; the others are, in the order in which they were asked.
    const waiting = real.upstream.pending.filter(({ isCancelled }) => !isCancelled)
    const [asked, modelled] = [waiting.map(({ question }) => question), model.queries].map((questions) =>
      questions.map(({ name, type }) => `${name} ${type}`),
    )
    if (String(asked) !== String(modelled)) throw new Error(`${asked} is asked, and not ${modelled}`)
    const at = next.which % Math.max(1, waiting.length)
    const [pending, query] = [waiting[at], model.queries[at]]
    if (pending === undefined || query === undefined) return
    const address = model.nextAddress()
    real.upstream.pending.splice(real.upstream.pending.indexOf(pending), 1)
    real.answer(pending, next.answer, address)
    model.answer(query, next.answer, address)
  }
  await time.clock.settle()
}

test('the resolver does what the simple model says', async () => {
  const run = async (steps: readonly Step[]) => {
    const [real, model] = [new Real(), new SimpleModel()]
    for (const next of steps) {
      await perform(next, real, model)
      const { entries, inFlight } = real.resolver.inspect()
      expect({
        outcomes: real.outcomes,
        asked: real.upstream.asked.length,
        known: entries.map(({ name, type, ttl }) => `${name} ${type} ${ttl}`).sort(),
        underWay: inFlight.map(({ name, type, askers }) => `${name} ${type} ${askers}`),
      }).toEqual({
        outcomes: model.askers.map(({ outcome }) => outcome),
        asked: model.asked,
        known: model.known,
        underWay: model.queries.map(({ name, type, askers }) => `${name} ${type} ${askers.length}`),
      })
    }
    real.resolver.close()
    await time.clock.settle()
    expect(real.outcomes).not.toContain(undefined)
    expect(all()).toEqual([])
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), run), { numRuns: 300 })
}, 60_000)
