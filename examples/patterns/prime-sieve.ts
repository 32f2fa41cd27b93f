/**
 * A pipeline of channels: numbers go in at one end, and every prime that comes out at the other adds a filter
 * for its own multiples. Each filter is a coroutine.
 *
 *   node examples/dist/patterns/prime-sieve.js [how many]
 */
import * as coro from '@shrapnel/core'

const wanted = Number(process.argv[2] ?? 25)

async function count(out: coro.Channel<number>) {
  for (let number = 2; ; number++) await out.send(number)
}

async function dropMultiples(prime: number, numbers: coro.Channel<number>, out: coro.Channel<number>) {
  for await (const number of numbers) {
    if (number % prime !== 0) await out.send(number)
  }
}

await coro.group(async (group) => {
  let numbers = new coro.Channel<number>()
  group.spawn(count, numbers)
  const primes: number[] = []
  while (primes.length < wanted) {
    const prime = await numbers.receive()
    primes.push(prime)
    const rest = new coro.Channel<number>()
    group.spawn({ name: `multiples of ${prime}` }, dropMultiples, prime, numbers, rest)
    numbers = rest
  }
  console.log(primes.join(' '))
  console.log(`${group.size} coroutines`)
  // They would count for ever. Cancelling ends every wait in the group.
  group.cancel()
})
