/** A program that shows what its coroutines do, and logs who asks. Run it with a port and look at it with a browser. */
import { sleep, spawn } from '@shrapnel/core'
import { accessLog, compose, router, serve, statusPage, text } from '@shrapnel/http'

spawn({ name: 'night watch', daemon: true }, () => sleep(Number.POSITIVE_INFINITY))

const app = router()
  .get('/', () => text('hello'))
  .get('/status', statusPage({ title: 'A small program', refreshSeconds: 2 }))
const port = Number(process.argv[2] ?? 0)
const server = await serve(
  { port },
  compose([accessLog({ format: 'json', filter: ({ status }) => status >= 400 })], app),
)

if (port === 0) {
  const headers = { accept: 'application/json', Connection: 'close' }
  const report = (await (await fetch(`${server.url}/status`, { headers })).json()) as {
    coroutines: { name: string; waits: { on: string }[] }[]
  }
  const watch = report.coroutines.find(({ name }) => name === 'night watch')
  console.log(watch?.name, 'waits on', watch?.waits[0]?.on)
  await server.stop()
}
