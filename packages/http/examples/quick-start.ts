/** A server that answers and sums up, and a client that asks it. */
import { client, json, router, serve, text } from '@shrapnel/http'

const api = router()
  .get('/', () => text('Hello, world!'))
  .post('/sum', async (request) => {
    const numbers = await request.body.json<number[]>({ maxBytes: 10_000 })
    return json({ sum: numbers.reduce((sum, number) => sum + number, 0) })
  })

await using server = await serve({ port: 0 }, api)

const hello = await client.get(server.url)
console.log(hello.status, await hello.text())
const answer = await client.post(`${server.url}/sum`, { json: [1, 2, 3] })
console.log(await answer.json())
