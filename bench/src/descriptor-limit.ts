/** How many descriptors a process may have here. Both Node and the load generator raise themselves to the hard limit. */
import { readFileSync } from 'node:fs'

const WHERE_UNKNOWN = 1_024

export function descriptorLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  const hard = line?.[1] === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(line?.[1])
  return Number.isInteger(hard) ? hard : WHERE_UNKNOWN
}
