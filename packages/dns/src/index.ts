/** DNS for coroutines. The public names, by what one does with them. */

export { DnsError, type DnsErrorCode, type DnsFacts } from './errors.js'
export type { Reply, Resolution, Transport, Upstream } from './resolution.js'
export type { Edns, EdnsOption, Message, Question, RecordData, ResourceRecord } from './wire/index.js'
