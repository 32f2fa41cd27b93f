/** The server `ours` of `http-hono`. `plain`: with the platform's own Request and Response. */
import { fetchHandler, serve } from '@shrapnel/http'
import { announce } from './control.js'
import { makeApp } from './hono-app.js'

const [, , , how] = process.argv
const handler = fetchHandler(makeApp(), { overrideGlobals: how !== 'plain' })
const server = await serve({ port: 0, backlog: 4096, maxRequestsPerConnection: 1e9 }, handler)
announce(server.port)
