import { networkInterfaces } from 'node:os'
import { now } from '@shrapnel/core'
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { Interfaces } from '../../src/system/interfaces.js'
import { sourceAddress } from '../../src/system/source-address.js'

test('to loopback one sends from loopback, whose prefix is known', () => {
  expect(sourceAddress('127.0.0.5', new Interfaces(now))).toMatchObject({
    address: '127.0.0.1',
    prefixBits: 8,
    isDeprecated: false,
    isTunnelled: false,
  })
})

test('to an address of this machine one sends from that address', () => {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const plain = own.filter(({ family, address }) => family === 'IPv4' || !address.startsWith('fe80'))
  for (const { address } of plain) expect(sourceAddress(address, new Interfaces(now))?.address).toBe(address)
  expect(plain.length).toBeGreaterThan(0)
})

test('there is no way to what is no place, and no descriptor stays open', async () => {
  await expectNoDescriptorLeak(() => {
    expect(sourceAddress('255.255.255.255', new Interfaces(now))).toBeUndefined()
    expect(sourceAddress('fe80::1%no-such-zone', new Interfaces(now))).toBeUndefined()
    sourceAddress('2001:db8::1', new Interfaces(now))
  })
})

test('interfaces are read once a second', () => {
  let time = 0
  let reads = 0
  const interfaces = new Interfaces(
    () => time,
    () => {
      reads++
      return new Map()
    },
  )
  for (time = 0; time < 2_000; time += 500) interfaces.own('192.0.2.1')
  expect(reads).toBe(2)
})
