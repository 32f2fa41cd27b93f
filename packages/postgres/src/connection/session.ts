/** What the exchanges of one connection share: its statements, its types, what it was told, and the pipeline. */

import type { Pipeline } from './pipeline.js'
import type { SessionTypes } from './session-types.js'
import type { CheckedSettings } from './settings.js'
import type { StatementCache } from './statement-cache.js'

export interface Session {
  readonly id: number
  readonly settings: CheckedSettings
  readonly pipeline: Pipeline
  readonly statements: StatementCache
  readonly types: SessionTypes
  /** The server writes dates and intervals in a way that means the same as their binary form. */
  readonly textIsExact: boolean
  /** The number of the next query, for people. */
  nextNumber(): number
}
