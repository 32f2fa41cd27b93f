/** DNS for coroutines. The public names, by what one does with them. */

export type { EntryKind } from './cache/entry.js'
export type { ResolveOptions, ResolverOptions } from './cache/options.js'
export type { CacheEntryReport, QueryReport, ResolverReport, ResolverTotals } from './cache/report.js'
export { DnsError, type DnsErrorCode, type DnsFacts } from './errors.js'
export type { RecordOf, RecordType, Reply, Resolution, Transport, Upstream } from './resolution.js'
export { Resolver } from './resolver.js'
export type { Edns, EdnsOption, Message, Question, RecordData, ResourceRecord } from './wire/index.js'
