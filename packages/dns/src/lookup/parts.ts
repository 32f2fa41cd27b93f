/** What lookups stand on. All of it can be replaced, so that tests need neither files nor network. */
import type { Awaitable } from '@shrapnel/core'
import type { Resolution } from '../resolution.js'
import type { HostsFile } from '../system/hosts-file.js'
import type { SourceOrder } from '../system/nsswitch.js'
import type { SourceOf } from './address-order.js'
import type { SearchRules } from './candidates.js'

/**
 * Records of an absolute name, without a last dot. Waits at most `timeoutMs`, by core's waits only. Fails with a DnsError, also when the
 * time is over.
 */
export type Resolve = (name: string, type: string, timeoutMs: number) => Awaitable<Resolution>

export interface LookupRules extends SearchRules {
  /** A and AAAA one after the other. */
  readonly singleRequest: boolean
  /** No AAAA at all. */
  readonly noAaaa: boolean
  /** How long a lookup may take altogether, unless the caller says. */
  readonly lookupTimeoutMs: number
}

export interface LookupParts {
  readonly resolve: Resolve
  /** What resolv.conf says now. */
  readonly rules: () => LookupRules
  /** What the hosts file says now. */
  readonly hosts: () => HostsFile
  /** What nsswitch.conf says now. */
  readonly order: () => SourceOrder
  readonly sourceOf: SourceOf
  /** From 0 to 1, without 1. */
  readonly random: () => number
}
