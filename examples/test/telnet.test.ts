import { checkFeeding, checkFeedingOfMany, expectFlatHeap, hex } from '@shrapnel/test-support'
import { test } from 'vitest'
import { type Input, TelnetDecoder } from '../tutorial/worms/telnet.js'

const decoder = () => new TelnetDecoder()
const key = (name: string): Input => ({ type: 'key', key: name })
const inputs: readonly (readonly [what: string, bytes: Uint8Array, input: Input])[] = [
  ['a letter', hex`71`, key('q')],
  ['an arrow', hex`1b 5b 41`, key('up')],
  ['an arrow of a terminal in application mode', hex`1b 4f 44`, key('left')],
  ['Ctrl-C, as it is', hex`03`, key('\x03')],
  ['Ctrl-C, as a command of telnet (RFC 854, IP)', hex`ff f4`, key('\x03')],
  ['a window size (RFC 1073)', hex`ff fa 1f 00 50 00 18 ff f0`, { type: 'window', columns: 80, rows: 24 }],
  [
    'a window 255 wide, whose byte is sent twice',
    hex`ff fa 1f 00 ff ff 00 18 ff f0`,
    { type: 'window', columns: 255, rows: 24 },
  ],
]

for (const [what, bytes, input] of inputs) {
  test(`${what} is the same however its bytes arrive`, () => checkFeeding(decoder, bytes, input))
}

test('keys come in order, with whatever telnet negotiates between them left out', () => {
  const bytes = hex`6e ff fd 01 ff fd 03 63 ff fb 1f ff fa 1f 00 28 00 0c ff f0 6c`
  checkFeedingOfMany(decoder, bytes, [
    key('n'),
    key('c'),
    { type: 'window', columns: 40, rows: 12 },
    key('l'),
  ])
})

test.each([
  ['a subnegotiation of another option', hex`ff fa 18 00 41 42 43 ff f0`],
  ['a window size that is too short', hex`ff fa 1f 00 50 ff f0`],
  ['an empty subnegotiation', hex`ff fa ff f0`],
  ['a function key', hex`1b 5b 31 35 7e`],
  ['a command without an option', hex`ff f1`],
])('%s is skipped, and the key after it is heard', (_, bytes) => {
  checkFeedingOfMany(decoder, Buffer.concat([bytes, hex`71`]), [key('q')])
})

test('a subnegotiation that never ends is not kept', async () => {
  const endless = decoder()
  endless.push(hex`ff fa 1f`)
  const block = new Uint8Array(65_536)
  await expectFlatHeap(100, () => endless.push(block))
})
