/**
 * How well a server answers: a smoothed round-trip time (as TCP's, RFC 6298), failures in a row, and a rest after them that grows
 * while they go on. It asks nobody and keeps no timer: what has passed its time is seen when somebody looks.
 */

/** A lost datagram is no failure yet, two in a row are. A server that says it cannot may mean that one name alone. */
const TOLERATED = { timeout: 1, unreachable: 0, refusal: 2 } as const
export type FailureKind = keyof typeof TOLERATED

const FIRST_REST_MS = 1_000
const LONGEST_REST_MS = 60_000
/** A time measured so long ago says nothing: the network is another. */
const MEASURED_FOR_MS = 300_000
/** One that answers in a good time is not passed over for one that answers in a better. */
const MUCH_SLOWER = { times: 2, plusMs: 20 } as const

export class Health {
  #smoothedMs = -1
  #measuredAt = 0
  #failuresInRow = 0
  #restMs = 0
  #restsUntil = 0

  /** Undefined: not measured, or too long ago. */
  smoothedMs(now: number): number | undefined {
    return this.#smoothedMs < 0 || now - this.#measuredAt > MEASURED_FOR_MS ? undefined : this.#smoothedMs
  }

  get failuresInRow(): number {
    return this.#failuresInRow
  }

  /** Whether others are asked first. */
  isResting(now: number): boolean {
    return now < this.#restsUntil
  }

  restsForMs(now: number): number {
    return Math.max(0, this.#restsUntil - now)
  }

  /** Its rest is over, and whether it is well nobody knows: the next query finds out. */
  needsProbe(now: number): boolean {
    return this.#restMs > 0 && now >= this.#restsUntil
  }

  /** Somebody finds out now: until the outcome, others are asked first. */
  beginProbe(now: number): void {
    this.#restsUntil = now + this.#restMs
  }

  /** A usable reply. `elapsedMs` undefined: to which of several sendings is not known. */
  answered(now: number, elapsedMs: number | undefined): void {
    this.#failuresInRow = 0
    this.#restMs = 0
    this.#restsUntil = 0
    if (elapsedMs !== undefined) this.#measure(now, elapsedMs)
  }

  #measure(now: number, elapsedMs: number): void {
    const before = this.smoothedMs(now)
    this.#smoothedMs = before === undefined ? elapsedMs : before + (elapsedMs - before) / 8
    this.#measuredAt = now
  }

  failed(now: number, kind: FailureKind): void {
    this.#failuresInRow++
    if (this.#failuresInRow <= TOLERATED[kind]) return
    this.#restMs = Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, 2 * this.#restMs))
    this.#restsUntil = now + this.#restMs
  }
}

interface Ranked {
  readonly health: Health
}

/**
 * The servers in the order in which they are to be asked: those that are well in the order given, but for those that are much slower
 * than the fastest; then these; then those that rest, the one that has rested longest first. One that needs a probe is well.
 */
export function ranked<Server extends Ranked>(servers: readonly Server[], now: number): readonly Server[] {
  const [only] = servers
  if (servers.length === 1 && only !== undefined) return servers
  let fastestMs = Infinity
  let isAllWell = true
  for (const { health } of servers) {
    if (health.isResting(now)) isAllWell = false
    else fastestMs = Math.min(fastestMs, health.smoothedMs(now) ?? Infinity)
  }
  const limitMs = MUCH_SLOWER.times * fastestMs + MUCH_SLOWER.plusMs
  if (isAllWell && servers.every(({ health }) => (health.smoothedMs(now) ?? 0) <= limitMs)) return servers
  const cost = ({ health }: Server): number => {
    if (health.isResting(now)) return 1e12 + health.restsForMs(now)
    const smoothedMs = health.smoothedMs(now) ?? 0
    return smoothedMs <= limitMs ? 0 : smoothedMs
  }
  return [...servers].sort((one, other) => cost(one) - cost(other))
}
