/** DNS for coroutines. The public names, by what one does with them. */

export { DnsError, type DnsErrorCode, type DnsFacts } from './errors.js'
export type { ServersOptions } from './exchange/options.js'
export type { Dropped, DropReason } from './exchange/pending.js'
export type { ServerFacts } from './exchange/server.js'
export type { ServerOptions } from './exchange/server-address.js'
export { Servers } from './exchange/servers.js'
export type { Reply, Resolution, Transport, Upstream } from './resolution.js'
// Serving
export { DnsServer } from './server/dns-server.js'
export type { ServeOptions, ServeTlsOptions } from './server/options.js'
export type { Answer, Query, QueryHandler } from './server/query.js'
export { serve } from './server/serve.js'
export { type Zone, zone, zones } from './server/zone.js'
export type { Edns, EdnsOption, Message, Question, RecordData, ResourceRecord, ZoneOptions } from './wire/index.js'
