/** The contract of watch(), on the kernel that the addon was built for. */
import { expect, test } from 'vitest'
import { watch } from '../../src/index.js'
import { failureOf } from '../net/connections.js'
import { nextOf, Place, Sight } from './sight.js'
import { LAWS } from './watch-contract.js'

test.each(LAWS)('$watched: $law', async ({ watched, before, steps, ends }) => {
  using place = new Place()
  before?.(place)
  using watcher = watch(watched === 'file' ? place.at('f') : place.top, { recursive: watched === 'tree' })
  const sight = new Sight(watcher, place.top)
  for (const [act, ...events] of steps) {
    act(place)
    await sight.expect(events)
  }
  if (ends) {
    expect(await failureOf(() => nextOf(watcher))).toMatchObject({ code: 'CLOSED' })
    expect(watcher.isClosed).toBe(true)
  } else if (watched !== 'file') {
    await sight.nothing(place)
  }
  expect(sight.strays).toEqual([])
})
