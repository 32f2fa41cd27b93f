/** The server `ours` of `ws-echo`, in the shape of the README's example. `usual`: without asking for what makes long messages cheap. */
import { acceptWebSocket, serve } from '@shrapnel/http'
import { announce } from './control.js'

const options = { recycleMessages: process.argv[3] !== 'usual' }
const server = await serve({ port: 0, backlog: 4096 }, (request) =>
  acceptWebSocket(request, options, async (socket) => {
    for await (const message of socket) await socket.send(message)
  }),
)
announce(server.port)
