/**
 * The owner: one coroutine alone touches the dictionary, and the others send it messages. Between reading a
 * balance and writing it the owner waits, as it would for a disk, and still no deposit is lost: there is
 * nobody to come in between.
 *
 *   node examples/dist/patterns/owner.js
 */
import * as coro from '@shrapnel/core'

type Message =
  | { readonly kind: 'deposit'; readonly account: string; readonly amount: number }
  | { readonly kind: 'balance'; readonly account: string; readonly reply: coro.Channel<number> }

const messages = new coro.Channel<Message>()

async function owner() {
  const balances = new Map<string, number>()
  for await (const message of messages) {
    const balance = balances.get(message.account) ?? 0
    if (message.kind === 'deposit') {
      await coro.yieldSlice()
      balances.set(message.account, balance + message.amount)
    } else {
      await message.reply.send(balance)
    }
  }
}

async function depositor() {
  for (const account of ['ada', 'grace', 'ada']) await messages.send({ kind: 'deposit', account, amount: 1 })
}

async function balanceOf(account: string) {
  // Room for the one answer: the owner never waits for somebody who was interrupted and does not listen any
  // more.
  const reply = new coro.Channel<number>(1)
  await messages.send({ kind: 'balance', account, reply })
  return reply.receive()
}

const owning = coro.spawn(owner)
await coro.inParallel(Array.from({ length: 100 }, () => depositor))
console.log(
  `ada ${await balanceOf('ada')}, grace ${await balanceOf('grace')}, alan ${await balanceOf('alan')}`,
)
messages.close()
await owning.join()
