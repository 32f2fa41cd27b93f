/** The commands of a replication connection, as texts. PostgreSQL documentation, "Streaming Replication Protocol". */
import { formatLsn } from './lsn.js'
import type { ReplicationSettings } from './replication-options.js'

export function createSlotCommand({ slot, temporary, twoPhase }: ReplicationSettings): string {
  // The older of two forms, which all versions understand.
  const kind = temporary ? ' TEMPORARY' : ''
  return `CREATE_REPLICATION_SLOT ${identifier(slot)}${kind} LOGICAL pgoutput NOEXPORT_SNAPSHOT${twoPhase ? ' TWO_PHASE' : ''}`
}

export function startCommand(settings: ReplicationSettings, from: bigint): string {
  const { slot, publications, protoVersion, streaming, binary, messages, twoPhase, origin } = settings
  const options: [string, string][] = [
    ['proto_version', String(protoVersion)],
    ['publication_names', publications.map(identifier).join(',')],
  ]
  // What is not asked for is not said: older servers refuse options that they do not know.
  if (streaming) options.push(['streaming', 'on'])
  if (binary) options.push(['binary', 'true'])
  if (messages) options.push(['messages', 'true'])
  if (twoPhase) options.push(['two_phase', 'on'])
  if (origin !== undefined) options.push(['origin', origin])
  const said = options.map(([name, value]) => `${identifier(name)} ${literal(value)}`).join(', ')
  return `START_REPLICATION SLOT ${identifier(slot)} LOGICAL ${formatLsn(from)} (${said})`
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The grammar of these commands knows no escapes but the doubled quote, whatever standard_conforming_strings is. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
