/** DNS for coroutines. The public names, by what one does with them. */

export { DnsError, type DnsErrorCode, type DnsFacts } from './errors.js'
export type { ServersOptions } from './exchange/options.js'
export type { Dropped, DropReason } from './exchange/pending.js'
export type { ServerFacts } from './exchange/server.js'
export type { ServerOptions } from './exchange/server-address.js'
export { Servers } from './exchange/servers.js'
export type { Reply, Resolution, Transport, Upstream } from './resolution.js'
export type { Edns, EdnsOption, Message, Question, RecordData, ResourceRecord } from './wire/index.js'
