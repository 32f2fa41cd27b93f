/** Prefork with the strategy it is told: one byte in, the number of the worker out, end. */
import { isDisconnect, prefork, type Strategy } from '@shrapnel/core'
import { announce } from './control.js'

const server = await prefork({
  listen: { port: 0, backlog: 4096 },
  strategy: process.argv[2] as Strategy,
  workers: Number(process.argv[3]),
  async serve(connection, { index }) {
    try {
      await connection.recv(16)
      await connection.send(String(index))
    } catch (error) {
      // The client resets it as soon as it has its answer.
      if (!isDisconnect(error)) throw error
    }
  },
})
announce(server.port)
