/** The workers of the strategies that have a fixed number of them, each in its slot. */
import { group } from '../scope/group.js'
import { spawn } from '../spawn.js'
import { ConditionVariable } from '../sync/condition-variable.js'
import type { Settings } from './options.js'
import { Slot } from './slot.js'
import type { WorkerProcess } from './worker-process.js'

export class Pool<W extends WorkerProcess> {
  readonly slots: readonly Slot<W>[]
  readonly workers = new Set<W>()
  acceptedBefore = 0
  /** A worker became ready. */
  readonly #becameReady = new ConditionVariable<void>()

  constructor(settings: Settings, makeWorker: (index: number) => W) {
    const hire = (index: number): W => {
      const worker = makeWorker(index)
      this.workers.add(worker)
      spawn({ name: `worker ${index} leaves` }, async () => {
        await worker.ends()
        this.workers.delete(worker)
        this.acceptedBefore += worker.accepted
      })
      return worker
    }
    const ready = (): void => void this.#becameReady.wakeAll()
    this.slots = Array.from(
      { length: settings.workers },
      (_, index) => new Slot(index, settings, () => hire(index), ready),
    )
  }

  get restarts(): number {
    return this.slots.reduce((sum, slot) => sum + slot.restarts, 0)
  }

  /** Workers that take connections and are not about to end. */
  get serving(): W[] {
    return this.slots.flatMap(({ current }) => (current?.state === 'serving' ? [current] : []))
  }

  async run(): Promise<void> {
    await group((all) => {
      for (const slot of this.slots) all.spawn({ name: `worker ${slot.index}` }, () => slot.keepServing())
    })
  }

  async ready(): Promise<void> {
    while (this.serving.length < this.slots.length) await this.#becameReady.wait()
  }

  async reload(): Promise<void> {
    for (const slot of this.slots) await slot.replace()
  }
}
