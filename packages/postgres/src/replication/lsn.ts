/** Positions in PostgreSQL's log: bigints here, `16/B374D848` for people and for the server. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'

const MOST = 0xffff_ffff_ffff_ffffn

/** `16/B374D848`, as the server writes it. */
export function formatLsn(lsn: bigint): string {
  checkLsn('lsn', lsn)
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase()
}

/** From `16/B374D848`. Throws ERR_OUT_OF_RANGE for what is none. */
export function parseLsn(text: string): bigint {
  if (typeof text !== 'string') throw wrongType('lsn', 'text', text)
  const [, high, low] = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text) ?? []
  if (high === undefined || low === undefined)
    throw outOfRange('lsn', 'like 16/B374D848', JSON.stringify(text))
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export function checkLsn(name: string, lsn: unknown): bigint {
  if (typeof lsn !== 'bigint') throw wrongType(name, 'a bigint', lsn)
  if (lsn < 0n || lsn > MOST) throw outOfRange(name, 'a position of 64 bits', String(lsn))
  return lsn
}
