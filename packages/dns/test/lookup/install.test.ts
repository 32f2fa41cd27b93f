import { type Listener, setResolver, spawn, tcp, withTimeout } from '@shrapnel/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { installIn, type Looker } from '../../src/lookup/install.js'
import { lookup } from '../../src/lookup/lookup.js'
import { a, type Script, type ScriptedParts, scriptedParts } from './scripted-parts.js'

let listener: Listener
let undos: (() => void)[]

beforeEach(() => {
  undos = []
  listener = tcp.listen({ port: 0 })
  spawn({ name: 'server', daemon: true }, () =>
    listener.serve(async (connection) => connection.send('hello')),
  )
})
afterEach(() => {
  for (const undo of undos.reverse()) undo()
  listener.close()
  setResolver()
})

function install(script: Script): { parts: ScriptedParts; undo: () => void } {
  const parts = scriptedParts(script)
  const looker: Looker = { lookup: (host) => lookup(parts, host) }
  const undo = installIn(looker)
  undos.push(undo)
  return { parts, undo }
}

async function greeting(host: string): Promise<string> {
  using socket = await tcp.connect(host, listener.port)
  return (await socket.recv()).toString()
}

test('connect finds names here, with the search list and the hosts file', async () => {
  const { parts } = install({
    table: { 'db.corp.example A': a('127.0.0.1') },
    hosts: '127.0.0.1 filed',
    rules: { search: ['corp.example'] },
  })
  expect(await greeting('db')).toBe('hello')
  expect(await greeting('filed')).toBe('hello')
  expect(await greeting('localhost')).toBe('hello')
  expect(parts.asked).toEqual(['db.corp.example AAAA', 'db.corp.example A'])
})

test('connect goes on to the next address when one refuses', async () => {
  install({ table: { 'db.example A': a('127.0.0.2', '127.0.0.1') } })
  expect(await greeting('db.example')).toBe('hello')
})

test('the failure of the lookup is the failure of connect', async () => {
  install({ table: { 'db.example A': 'ESERVFAIL' } })
  await expect(tcp.connect('db.example', 80)).rejects.toMatchObject({
    code: 'EAI_AGAIN',
    hostname: 'db.example',
  })
  await expect(tcp.connect('other.example', 80)).rejects.toMatchObject({
    code: 'ENOTFOUND',
    hostname: 'other.example',
  })
})

test('a limit on connect ends the lookup too', async () => {
  const { parts } = install({ table: { 'db.example A': 'slow' } })
  await expect(tcp.connect('db.example', 80, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await expect(withTimeout(5, () => tcp.connect('db.example', 80))).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect([...parts.pending]).toEqual([])
})

test('undoing brings back who was there before', async () => {
  install({ table: { 'db.example A': a('127.0.0.1') } })
  const second = install({ table: {} })
  await expect(greeting('db.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  second.undo()
  expect(await greeting('db.example')).toBe('hello')
})

test('undoing disturbs nobody who came later, and who was undone does not come back', async () => {
  setResolver(() => ['127.0.0.1'])
  const first = install({ table: {} })
  const second = install({ table: { 'db.example A': a('127.0.0.1') } })
  first.undo()
  expect(await greeting('db.example')).toBe('hello')
  await expect(greeting('any.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  second.undo()
  second.undo()
  expect(await greeting('any.example')).toBe('hello')
})
