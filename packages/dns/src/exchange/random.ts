/**
 * Numbers that nobody can foresee, from the operating system's generator. Taken from a pool: a call for two bytes costs as much as
 * one for thousands. A number is wiped when it is used, so a heap dump does not hold what was sent.
 */
import { randomFillSync } from 'node:crypto'

/** Gives 0 to 65,535. */
export type RandomUint16 = () => number

const pool = new Uint16Array(2048)
let used = pool.length

export const randomUint16: RandomUint16 = () => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const value = pool[used] as number
  pool[used++] = 0
  return value
}
