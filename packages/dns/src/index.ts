/** DNS for coroutines. The public names, by what one does with them. */

// Names, as this machine finds them

export { dns } from './dns.js'
export type { ServerOptions } from './exchange/server-address.js'
export type { LookupAddress, LookupResult } from './lookup/found.js'
export type { AddressOrder, LookupOptions } from './lookup/lookup-options.js'
export type { ReverseOptions } from './lookup/reverse.js'
export type { ServiceOptions, ServiceTarget } from './lookup/service.js'
export type { ResolvConf } from './system/resolv-conf.js'
export type { FileReport, SystemPaths } from './system/system-files.js'
export { type SystemReport, SystemResolver, type SystemResolverOptions } from './system-resolver.js'

// Records, and what remembers them

export type { EntryKind } from './cache/entry.js'
export type { ResolveOptions, ResolverOptions } from './cache/options.js'
export type { CacheEntryReport, QueryReport, ResolverReport, ResolverTotals } from './cache/report.js'
export { DnsError, type DnsErrorCode, type DnsFacts } from './errors.js'
export type { RecordOf, RecordType, Reply, Resolution, Transport, Upstream } from './resolution.js'
export { Resolver } from './resolver.js'
export type { Edns, EdnsOption, Message, Question, RecordData, ResourceRecord } from './wire/index.js'

// Servers

export type { ServersOptions } from './exchange/options.js'
export type { Dropped, DropReason } from './exchange/pending.js'
export type { ServerFacts } from './exchange/server.js'
export { Servers } from './exchange/servers.js'

// Serving

export { DnsServer } from './server/dns-server.js'
export type { ServeOptions, ServeTlsOptions } from './server/options.js'
export type { Answer, Query, QueryHandler } from './server/query.js'
export { serve } from './server/serve.js'
export { type Zone, zone, zones } from './server/zone.js'
export type { ZoneOptions } from './wire/index.js'
