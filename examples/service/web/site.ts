/** Everything that is served over HTTP: the page, its two WebSockets, the API, and the coroutines. */
import { fileURLToPath } from 'node:url'
import { compose, compress, files, type Handler, router, securityHeaders, statusPage } from '@shrapnel/http'
import type { Board } from '../board.js'
import { api } from './api.js'
import type { ArenaFeed } from './arena-feed.js'
import type { LivePages } from './live.js'

const PUBLIC = fileURLToPath(new URL('../../../service/public', import.meta.url))

/** The page's own scripts and styles and nothing else: what people post can never become code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export function site(board: Board, pages: LivePages, arena: ArenaFeed): Handler {
  const routes = router()
    .get('/live', pages.handler(board))
    .get('/arena', arena.handler)
    .get('/coroutines', statusPage({ title: 'Coroutines of the link board', refreshSeconds: 2 }))
    .use('/', api(board, pages))
  // No Strict-Transport-Security: it would hold for every port of this host, and the certificate is a throwaway.
  const careful = securityHeaders({
    contentSecurityPolicy: POLICY,
    strictTransportSecurity: false,
    referrerPolicy: 'no-referrer',
  })
  return compose([careful, compress(), files(PUBLIC)], routes)
}
