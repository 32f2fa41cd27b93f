import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { all, unix } from '@shrapnel/core'
import { expectNoDescriptorLeak, runProgram } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { serve } from '../src/index.js'
import { freshPath, openHouse, runScript, visit, visitRaw } from './house.js'
import { Visitor } from './visitor.js'

describe('the file of the UNIX socket', () => {
  test('is for its owner alone from the start, and gone after close', async () => {
    const server = await openHouse()
    expect(lstatSync(server.unixPath).mode & 0o777).toBe(0o600)
    await server.close()
    expect(existsSync(server.unixPath)).toBe(false)
  })

  test('is replaced when nobody listens on it any more', async () => {
    const path = await freshPath()
    unix.listen({ path, unlinkOnClose: false }).close()
    expect(existsSync(path)).toBe(true)
    const { unixPath } = await openHouse({ unixPath: path })
    expect(await runScript(unixPath, '1\n')).toBe('1\n> ')
  })

  test('is left alone when somebody does, or when it is no socket', async () => {
    const { unixPath } = await openHouse()
    expect(() => serve({ unixPath })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(await runScript(unixPath, '1\n')).toBe('1\n> ')
    const file = await freshPath()
    writeFileSync(file, 'precious')
    expect(() => serve({ unixPath: file })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(lstatSync(file).isFile()).toBe(true)
  })

  test('is not removed by close if another one has taken its place', async () => {
    const server = await openHouse()
    unix.unlinkPath(server.unixPath)
    const successor = createServer()
    await new Promise<void>((resolve) => successor.listen(server.unixPath, resolve))
    await server.close()
    expect(existsSync(server.unixPath)).toBe(true)
    await new Promise((resolve) => successor.close(resolve))
  })

  test('is not made when the port is taken', async () => {
    const { port } = await openHouse({ port: 0 })
    const unixPath = await freshPath()
    expect(() => serve({ unixPath, port: port ?? 0 })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
    expect(existsSync(unixPath)).toBe(false)
  })

  test('that cannot be made leaves no port open', async () => {
    const before = all().length
    expect(() => serve({ unixPath: '/nonexistent/backdoor', port: 0 })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(all()).toHaveLength(before)
  })
})

describe('close', () => {
  test('ends every session, tells the visitors, and can be called again', async () => {
    const server = await openHouse({ port: 0, telnet: false })
    const visitors = [
      await visitRaw(server.unixPath),
      await visit(server.port ?? 0),
      await visit(server.unixPath),
    ]
    visitors[0]?.type('await new Promise(() => {})\r')
    await server.close()
    await server.close()
    for (const visitor of visitors) {
      await visitor.closed
      expect(visitor.text).toContain('The session was shut down.')
    }
    expect(server.sessions).toEqual([])
    expect(all().filter(({ name }) => name.startsWith('backdoor'))).toEqual([])
  })

  test('frees every descriptor', async () => {
    const unixPath = await freshPath()
    await expectNoDescriptorLeak(async () => {
      const server = serve({ unixPath, port: 0, telnet: false, welcome: 'come in' })
      const raw = await visitRaw(unixPath)
      const tcp = await visit(server.port ?? 0)
      await raw.asks('await coro.sleep(1e9)\r', '\r\n')
      tcp.type('1\n')
      await runScript(unixPath, '1\n')
      await server.close()
      await Promise.all([raw.closed, tcp.closed])
    })
  })

  test('closes connections of sessions that have not begun', async () => {
    const server = await openHouse()
    const accepted = new Promise<void>((resolve) => {
      // An immediate that was asked for before the connection came runs before the coroutine that it starts.
      const look = (): void => (server.sessions.length > 0 ? resolve() : void setImmediate(look))
      look()
    })
    const visitor = await Visitor.over(server.unixPath)
    await accepted
    server.sessions[0]?.coroutine.shutdown()
    await server.close()
    await visitor.closed
    expect(visitor.text).toBe('')
    expect(server.sessions).toEqual([])
  })

  test('called from a session ends that one too, and the others', async () => {
    const house: { close?: () => Promise<void> } = {}
    const server = await openHouse({ context: { house } })
    house.close = () => server.close()
    const other = await visitRaw(server.unixPath)
    const text = await runScript(server.unixPath, 'await house.close()\n')
    expect(text).toContain('The session was shut down.')
    await server.close()
    await other.closed
    expect(other.text).toContain('The session was shut down.')
    expect(server.sessions).toEqual([])
  })

  test('happens by itself at the end of an await using block', async () => {
    const unixPath = await freshPath()
    {
      await using server = serve({ unixPath })
      expect(server.unixPath).toBe(unixPath)
    }
    expect(existsSync(unixPath)).toBe(false)
  })
})

describe('a program with a backdoor', () => {
  const program = (name: string): URL => new URL(`programs/${name}.mjs`, import.meta.url)

  test('ends when nothing else keeps it alive, visitors or not', async () => {
    const unixPath = await freshPath()
    const { code, stdout, stderr } = await runProgram(program('ends-with-a-visitor'), { args: [unixPath] })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'visited\n', stderr: '' })
  })

  test('that ends through setExit tells its visitors and removes the file', async () => {
    const unixPath = await freshPath()
    const { code, stdout } = await runProgram(program('exits-with-a-visitor'), { args: [unixPath] })
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'The session was shut down.\n' })
    expect(existsSync(unixPath)).toBe(false)
  })

  test('has one in a worker thread too', async () => {
    const unixPath = await freshPath()
    const { code, stdout, stderr } = await runProgram(program('backdoor-in-a-worker'), { args: [unixPath] })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '42\n', stderr: '' })
  })

  test.each(['listening', 'deaf'])(
    'and %s for SIGINT is not ended by one that ends a line which never would',
    async (how) => {
      const unixPath = await freshPath()
      const { code, stdout, stderr } = await runProgram(program('survives-a-loop'), { args: [unixPath, how] })
      const [facts, end] = stdout.split('\n')
      expect({ code, stderr, end }).toEqual(
        how === 'deaf' ? { code: 130, stderr: '', end: 'ended in order' } : { code: 0, stderr: '', end: '' },
      )
      expect(JSON.parse(facts as string)).toEqual({ heard: how === 'deaf' ? 0 : 1, shown: true })
    },
  )

  test('holds nothing of the sessions that have ended', async () => {
    const unixPath = await freshPath()
    const { code, stdout, stderr } = await runProgram(program('many-sessions'), { args: [unixPath] })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    // The program's own context, and one that node:repl keeps of the first prompt.
    expect(Number(stdout)).toBeLessThanOrEqual(3)
  })
})
