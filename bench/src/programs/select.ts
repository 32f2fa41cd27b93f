/** Waits on eight channels at once, one of which gets a message: selects a second. */

import { chosen, finish, programArguments, ratePerSecond } from './program.js'
import { PromiseChannel } from './promise-channel.js'

interface Parameters {
  readonly timeMs: number
}

const BATCH = 10_000
const CHANNELS = 8

type Exchange = () => Promise<void>

async function ours(): Promise<Exchange> {
  const { Channel, select, spawn } = await import('@shrapnel/core')
  const channels = Array.from({ length: CHANNELS }, () => new Channel<number>())
  const send = async () => {
    for (let i = 0; i < BATCH; i++) await channels[i % CHANNELS]?.send(i)
  }
  const receive = async () => {
    for (let i = 0; i < BATCH; i++) await select(channels.map((channel) => channel.receiveCase()))
  }
  return async () => {
    const sender = spawn(send)
    const receiver = spawn(receive)
    await sender.join()
    await receiver.join()
  }
}

/** As it is written by hand: eight standing promises are raced, and the one that won is asked for again. */
async function promiseRace(): Promise<Exchange> {
  const channels = Array.from({ length: CHANNELS }, () => new PromiseChannel<number>())
  const standing = channels.map(async (channel, at) => ({ at, value: await channel.receive() }))
  const send = async () => {
    for (let i = 0; i < BATCH; i++) await channels[i % CHANNELS]?.send(i)
  }
  const receive = async () => {
    for (let i = 0; i < BATCH; i++) {
      const { at } = await Promise.race(standing)
      const channel = channels[at] as PromiseChannel<number>
      standing[at] = (async () => ({ at, value: await channel.receive() }))()
    }
  }
  return async () => {
    await Promise.all([send(), receive()])
  }
}

const { contestant, parameters } = programArguments<Parameters>()
const exchange = await chosen({ ours, 'Promise.race': promiseRace }, contestant)()
finish({ perSecond: await ratePerSecond(BATCH, parameters.timeMs, exchange) })
