/**
 * Producers and consumers: three make numbers, two take them, and a channel with room for four stands
 * between. When the last producer has ended the channel is closed, which ends the loops of the consumers.
 *
 *   node examples/dist/patterns/producer-consumer.js
 */
import * as coro from '@shrapnel/core'

const numbers = new coro.Channel<number>(4)

async function produce(first: number) {
  for (let number = first; number < first + 10; number++) await numbers.send(number)
}

async function consume(name: string) {
  let count = 0
  let sum = 0
  for await (const number of numbers) {
    count++
    sum += number
    await coro.sleep(1)
  }
  console.log(`${name} took ${count}`)
  return { count, sum }
}

async function produceAll() {
  await coro.inParallel([() => produce(0), () => produce(10), () => produce(20)])
  numbers.close()
}

const [, one, other] = await coro.inParallel([produceAll, () => consume('one'), () => consume('the other')])
console.log(`${one.count + other.count} numbers, sum ${one.sum + other.sum}`)
