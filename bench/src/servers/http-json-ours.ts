/** The server `ours` of the benchmark http-json. */
import { type Handler, json, router, serve } from '@shrapnel/http'
import { ASKED_ROUTE, FIELD_NAMES, orderOf, ROUTES } from '../http-json-work.js'
import { announce } from './control.js'

const app = router()
for (const route of ROUTES) {
  const other: Handler = () => json({ route })
  if (route === ASKED_ROUTE)
    app.get(route, ({ params, headers }) => {
      let readLength = 0
      for (const name of FIELD_NAMES) readLength += headers.get(name)?.length ?? 0
      return json(orderOf(params.user, params.order, readLength))
    })
  else app.get(route as string, other)
}
const server = await serve({ port: 0, backlog: 4096, maxRequestsPerConnection: 1e9 }, app)
announce(server.port)
