/** Server-sent events: a clock that starts where the client left off. */
import { sleep } from '@shrapnel/core'
import { eventStream, serve } from '@shrapnel/http'

await using server = await serve({ port: 0 }, (request) =>
  eventStream(request, async (send) => {
    const from = Number(send.lastEventId || 0)
    for (let tick = from + 1; tick <= 3; tick++) {
      await send({ id: String(tick), event: 'tick', data: `tick ${tick}` })
      await sleep(5)
    }
  }),
)

const response = await fetch(server.url, { headers: { 'Last-Event-ID': '1', Connection: 'close' } })
console.log(
  (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data'))
    .join('\n'),
)
