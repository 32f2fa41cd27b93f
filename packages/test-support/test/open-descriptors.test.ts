import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { expectNoDescriptorLeak, openDescriptors } from '../src/open-descriptors.js'

const here = import.meta.filename

describe('openDescriptors', () => {
  test('an open file is listed by its number and path, a closed one is not', () => {
    const fd = openSync(here, 'r')
    try {
      expect(openDescriptors()).toContainEqual({ fd, target: here })
    } finally {
      closeSync(fd)
    }
    expect(openDescriptors()).not.toContainEqual({ fd, target: here })
  })

  test('the listing does not list itself, and numbers come in order', () => {
    const first = openDescriptors()
    expect(openDescriptors()).toEqual(first)
    expect(first.map(({ target }) => target)).not.toContain(`/proc/${process.pid}/fd`)
    const numbers = first.map(({ fd }) => fd)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })
})

describe('expectNoDescriptorLeak', () => {
  test('work that closes what it opens passes, also when the loop must turn for it', async () => {
    await expectNoDescriptorLeak(async () => {
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const client = connect({
        port: typeof address === 'object' ? (address?.port ?? 0) : 0,
        host: '127.0.0.1',
      })
      client.resume()
      await once(client, 'close')
      server.close()
    })
  })

  test('a descriptor left open fails and is named', async () => {
    const opened: number[] = []
    const leaking = expectNoDescriptorLeak(() => void opened.push(openSync(here, 'r')))
    await expect(leaking).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(here) }))
    await expect(leaking).rejects.toThrow(`1 descriptor(s) leaked: ${opened[1]} (`)
    opened.forEach(closeSync)
  })

  test('a leak that hides under a number of before is found', async () => {
    const old = openSync('/dev/null', 'r')
    let fd = -1
    const swapping = expectNoDescriptorLeak(
      () => {
        closeSync(old)
        fd = openSync(here, 'r')
      },
      { warmUpRounds: 0 },
    )
    await expect(swapping).rejects.toThrow(`of others closed: ${old} (/dev/null)`)
    closeSync(fd)
  })

  test('what Node opens once and keeps is excused by the warm-up', async () => {
    let fd: number | undefined
    const keepsOne = () => {
      fd ??= openSync(here, 'r')
    }
    await expectNoDescriptorLeak(keepsOne)
    if (fd !== undefined) closeSync(fd)
    fd = undefined
    await expect(expectNoDescriptorLeak(keepsOne, { warmUpRounds: 0 })).rejects.toThrow('leaked')
    if (fd !== undefined) closeSync(fd)
  })
})
