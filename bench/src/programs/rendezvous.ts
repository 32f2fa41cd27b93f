/** One sender and one receiver on a channel without a buffer: messages a second. */

import { chosen, finish, programArguments, ratePerSecond } from './program.js'
import { PromiseChannel } from './promise-channel.js'

interface Parameters {
  readonly timeMs: number
}

const BATCH = 10_000

/** Hands over BATCH messages. */
type Exchange = () => Promise<void>

async function ours(): Promise<Exchange> {
  const { Channel, spawn } = await import('@shrapnel/core')
  const channel = new Channel<number>()
  const send = async () => {
    for (let i = 0; i < BATCH; i++) await channel.send(i)
  }
  const receive = async () => {
    for (let i = 0; i < BATCH; i++) await channel.receive()
  }
  return async () => {
    const sender = spawn(send)
    const receiver = spawn(receive)
    await sender.join()
    await receiver.join()
  }
}

async function promises(): Promise<Exchange> {
  const channel = new PromiseChannel<number>()
  const send = async () => {
    for (let i = 0; i < BATCH; i++) await channel.send(i)
  }
  const receive = async () => {
    for (let i = 0; i < BATCH; i++) await channel.receive()
  }
  return async () => {
    await Promise.all([send(), receive()])
  }
}

/** The platform's own pipe with back-pressure. Its `highWaterMark` of 0 on both sides makes it hand over one by one. */
async function transformStream(): Promise<Exchange> {
  const none = { highWaterMark: 0 }
  const { writable, readable } = new TransformStream<number, number>({}, none, none)
  const writer = writable.getWriter()
  const reader = readable.getReader()
  const send = async () => {
    for (let i = 0; i < BATCH; i++) await writer.write(i)
  }
  const receive = async () => {
    for (let i = 0; i < BATCH; i++) await reader.read()
  }
  return async () => {
    await Promise.all([send(), receive()])
  }
}

const exchanges = { ours, promises, TransformStream: transformStream }
const { contestant, parameters } = programArguments<Parameters>()
const exchange = await chosen(exchanges, contestant)()
finish({ perSecond: await ratePerSecond(BATCH, parameters.timeMs, exchange) })
