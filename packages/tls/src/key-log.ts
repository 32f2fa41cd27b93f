/**
 * Key logs: what a program that captures packets (Wireshark) needs to read them, in the format that NSS began with. Only on request:
 * whoever has the lines can read the connection.
 */
import { appendFileSync } from 'node:fs'
import { wrongType } from '@shrapnel/core/parts'

/** True: the file that the environment names in `SSLKEYLOGFILE`, if it does. */
export type KeyLog = boolean | ((line: string) => void)

const OWNER_ONLY = 0o600

/** What takes the lines, each with its end; undefined: nobody wants them. */
export function keyLogSink(keyLog: unknown): ((lines: string) => void) | undefined {
  if (keyLog === undefined || keyLog === false) return undefined
  if (typeof keyLog === 'function')
    return (lines) => {
      for (const line of lines.trimEnd().split('\n')) keyLog(line)
    }
  if (keyLog !== true) throw wrongType('keyLog', 'true, false or a function', keyLog)
  const path = process.env.SSLKEYLOGFILE
  if (path === undefined || path === '') return undefined
  // At once and whole, so that lines of several processes do not mix, and the reader has them when it sees the packets.
  return (lines) => appendFileSync(path, lines, { mode: OWNER_ONLY })
}
