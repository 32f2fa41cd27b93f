/**
 * Dining philosophers: five at a round table, a fork between each two, and two forks to a meal. If all take
 * the left fork first, they can all wait for the right one for ever. Here everybody takes the fork with the
 * lower number first, so the one who holds the highest fork always eats, and nobody can be waited for in a
 * circle.
 *
 *   node examples/dist/patterns/dining-philosophers.js [ms]
 */
import * as coro from '@shrapnel/core'

const dinnerMs = Number(process.argv[2] ?? 500)
const NAMES = ['Hypatia', 'Plato', 'Arete', 'Zeno', 'Diotima']
const forks = NAMES.map(() => new coro.Mutex())
const meals = NAMES.map(() => 0)

async function philosopher(seat: number) {
  const [low, high] = [seat, (seat + 1) % forks.length].sort((a, b) => a - b) as [number, number]
  for (;;) {
    await coro.sleep(Math.random() * 2)
    using _one = await forks[low]!.lock()
    using _other = await forks[high]!.lock()
    await coro.sleep(1)
    meals[seat]!++
  }
}

await coro.group(async (group) => {
  for (const seat of NAMES.keys()) group.spawn({ name: NAMES[seat]! }, philosopher, seat)
  await coro.sleep(dinnerMs)
  group.cancel()
})
for (const [seat, name] of NAMES.entries()) console.log(`${name.padEnd(8)} ${meals[seat]} meals`)
console.log(`forks still held: ${forks.filter((fork) => fork.isLocked).length}`)
