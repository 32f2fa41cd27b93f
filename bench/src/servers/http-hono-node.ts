/** The peer `@hono/node-server`, as its documentation shows. */
import { serve } from '@hono/node-server'
import { announce } from './control.js'
import { makeApp } from './hono-app.js'

serve({ fetch: makeApp().fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => announce(port))
