/** A game with its state in local variables: each player has a coroutine. */
import { type Session, serve, sessions, text } from '@shrapnel/http'

async function play(session: Session): Promise<void> {
  const secret = 7
  let guesses = 0
  for await (const exchange of session.requests) {
    const guess = Number(new URLSearchParams(exchange.request.query).get('guess'))
    guesses++
    if (guess === secret) {
      exchange.respond(text(`right, after ${guesses}`))
      return
    }
    exchange.respond(text(guess < secret ? 'more' : 'less'))
  }
}

const game = sessions(play, { idleTimeoutMs: 60_000, maxSessions: 1_000 })
const server = await serve({ port: 0 }, game)

let cookie = ''
for (const guess of [3, 9, 7]) {
  const response = await fetch(`${server.url}/?guess=${guess}`, { headers: { cookie, Connection: 'close' } })
  cookie ||= response.headers.get('set-cookie')?.split(';')[0] ?? ''
  console.log(guess, await response.text())
}
await server.stop()
await game.stop()
