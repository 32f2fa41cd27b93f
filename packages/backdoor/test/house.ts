/** A backdoor in a folder of its own, and visitors to it; all gone when the test has ended. */
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { onTestFinished } from 'vitest'
import { type BackdoorServer, type ServeOptions, serve } from '../src/index.js'
import { PROMPT, Visitor } from './visitor.js'

/** Shown first, so that tests need not know the text about the program. */
export const WELCOME = 'come in'

export async function freshPath(): Promise<string> {
  const folder = await temporaryFolder()
  onTestFinished(() => folder.remove())
  return join(folder.path, 'backdoor')
}

export async function openHouse(options: ServeOptions = {}): Promise<BackdoorServer & { unixPath: string }> {
  const unixPath = options.unixPath ?? (await freshPath())
  const server = serve({ welcome: WELCOME, colors: false, ...options, unixPath })
  onTestFinished(() => server.close())
  return server as BackdoorServer & { unixPath: string }
}

export async function visit(where: string | number): Promise<Visitor> {
  const visitor = await Visitor.over(where)
  onTestFinished(() => void visitor.socket.destroy())
  await visitor.sees(`${WELCOME}\r\n> `)
  return visitor
}

/** What node:repl puts before a line that goes on with the one before. */
export const CONTINUED = Number.parseInt(process.versions.node, 10) < 24 ? '... ' : '| '

/** A visitor whose terminal is in raw mode, at its first prompt. */
export async function visitRaw(where: string | number): Promise<Visitor> {
  const visitor = await visit(where)
  await visitor.asks('\r', `\r\n${PROMPT}`)
  return visitor
}

/** What a script gets that sends `lines` and ends. */
export async function runScript(where: string, lines: string): Promise<string> {
  const visitor = await visit(where)
  const all = await visitor.leaves(lines)
  return all.slice(`${WELCOME}\r\n> `.length)
}
