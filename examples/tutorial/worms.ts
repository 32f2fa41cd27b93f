/**
 * Worms: each worm is a coroutine, and so is each client; all of them share one arena. Join by telnet or
 * socat, with as many terminals as you like, and look inside through the backdoor while it runs.
 *
 *   node examples/dist/tutorial/worms.js [--port 4400] [--worms 10] [--size 80x22] [--backdoor PATH]
 *
 * The pieces are in worms/: the arena, a worm, a client's view of the arena, its session, and what telnet
 * adds to keys.
 */
import { serve } from '@shrapnel/backdoor'
import * as coro from '@shrapnel/core'
import { Arena } from './worms/arena.js'
import { HELP, type Options, readOptions } from './worms/options.js'
import { watch } from './worms/session.js'

function start({ port, isPortFree, worms, width, height, unixPath }: Options): void {
  const arena = new Arena(width, height)
  const listener = listen(port, isPortFree)
  serve({ unixPath, context: { arena }, welcome: INSIDE })
  arena.hatch(worms)
  coro.spawn({ name: 'arena' }, () => listener.serve((conn) => watch(conn, arena), { name: 'client' }))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => coro.setExit())
  console.log(howToJoin(worms, listener.port, unixPath))
}

function listen(port: number, isPortFree: boolean): coro.Listener {
  try {
    return coro.tcp.listen({ port })
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!isTaken || !isPortFree) throw error
    const listener = coro.tcp.listen({ port: 0 })
    console.log(`Port ${port} is taken, so it is port ${listener.port} this time.\n`)
    return listener
  }
}

const INSIDE = `Inside the worms. 'arena' is the arena, 'coro' the library, ^D leaves. Try

  coro.whereAll()     arena.hatch(5)     arena.lengthen()     [...arena.worms][0].kill()
`

function howToJoin(worms: number, port: number, unixPath: string): string {
  return `${worms} worms crawl, each of them a coroutine. Join them, from as many terminals as you like:

  telnet 127.0.0.1 ${port}
  socat -,raw,echo=0 TCP:127.0.0.1:${port}

  q quit   r redraw   n new worm   c cull one   l lengthen all   h hoffa: all of them vanish

Look inside, with coro and the arena at hand:

  socat -,raw,echo=0 UNIX-CONNECT:${unixPath}

Ctrl-C ends it.`
}

try {
  const options = readOptions()
  if (options.help) console.log(HELP)
  else start(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
