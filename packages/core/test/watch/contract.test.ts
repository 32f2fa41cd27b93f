/** The contract of watch(), on the kernel that the addon was built for. */
import { describe, expect, test } from 'vitest'
import { type Watcher, watch } from '../../src/index.js'
import { failureOf } from '../net/connections.js'
import { nextOf, Place, Sight } from './sight.js'
import { LAWS, type Law } from './watch-contract.js'

/** Does all steps of a law; what was told that it does not name. */
async function strays({ watched, steps, end }: Law, place: Place, watcher: Watcher): Promise<string[]> {
  const sight = new Sight(watcher, place.top)
  for (const [act, ...events] of steps) {
    act(place)
    await sight.expect(events)
  }
  if (watched !== 'file' && end !== true) await sight.nothing(place)
  return sight.strays
}

function watchFor({ watched, before }: Law, place: Place): Watcher {
  before?.(place)
  return watch(watched === 'file' ? place.at('f') : place.top, { recursive: watched === 'tree' })
}

describe('what is told of', () => {
  test.each(LAWS)('a $watched: $law', async (law) => {
    using place = new Place()
    using watcher = watchFor(law, place)
    expect(await strays(law, place, watcher)).toEqual([])
  })
})

describe('the end comes after the last event', () => {
  test.each(LAWS.filter(({ end }) => end))('a $watched: $law', async (law) => {
    using place = new Place()
    using watcher = watchFor(law, place)
    await strays(law, place, watcher)
    expect(await failureOf(() => nextOf(watcher))).toMatchObject({ code: 'CLOSED' })
    expect(watcher.isClosed).toBe(true)
  })
})
