import { expect, test } from 'vitest'
import { socketPair } from '../../src/net/pair.js'
import { ControlChannel, type FromSupervisor, type FromWorker } from '../../src/prefork/control-channel.js'

function channel() {
  const [ours, theirs] = socketPair()
  return { control: new ControlChannel<FromWorker, FromSupervisor>(ours), peer: theirs }
}

async function messages(control: ControlChannel<FromWorker, FromSupervisor>): Promise<FromWorker[]> {
  const seen: FromWorker[] = []
  for await (const message of control.messages()) seen.push(message)
  return seen
}

test('messages arrive whole and in order, however they were cut', async () => {
  const { control, peer } = channel()
  using closing = peer
  await closing.send('{"type":"rea')
  await closing.send('dy"}\n{"type":"count","accepted":2,"open":1}\n')
  closing.shutdown()
  expect(await messages(control)).toEqual([{ type: 'ready' }, { type: 'count', accepted: 2, open: 1 }])
  control.close()
})

test('a peer that is gone is the end of the messages, and of nothing else', async () => {
  const { control, peer } = channel()
  peer.close()
  expect(await messages(control)).toEqual([])
  await control.send({ type: 'report' })
  await control.send({ type: 'report' })
  control.close()
  await control.send({ type: 'report' })
})

test.each([
  ['no JSON', 'hello\n'],
  ['no object', '7\n'],
  ['null', 'null\n'],
  ['an object that is no message', '{"kind":"ready"}\n'],
])('%s is refused', async (_, line) => {
  const { control, peer } = channel()
  using closing = peer
  await closing.send(line)
  await expect(messages(control)).rejects.toMatchObject({ code: 'PREFORK_PROTOCOL' })
  control.close()
})

test('a line without end meets its limit', async () => {
  const { control, peer } = channel()
  using closing = peer
  await closing.send('x'.repeat(5000))
  await expect(messages(control)).rejects.toMatchObject({ code: 'LIMIT' })
  control.close()
})
