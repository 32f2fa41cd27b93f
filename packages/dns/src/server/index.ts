/** The server's side: the names for programs. */
export { DnsServer } from './dns-server.js'
export type { ServeOptions, ServeTlsOptions } from './options.js'
export type { Answer, Query, QueryHandler } from './query.js'
export { serve } from './serve.js'
