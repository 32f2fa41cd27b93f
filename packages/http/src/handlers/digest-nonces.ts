/**
 * Nonces for digest authentication: each says when it was made and that we made it, so that those which
 * nobody uses need no memory. Of those in use it is kept which counts have been seen, so that no answer is
 * good twice.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const TIME_BYTES = 6
const RANDOM_BYTES = 10
const STAMP_BYTES = TIME_BYTES + RANDOM_BYTES
const MAC_BYTES = 16
const NONCE = /^[A-Za-z0-9_-]{43}$/
/** How far requests may overtake each other. */
const WINDOW = 31

interface Use {
  readonly madeAtMs: number
  highest: number
  /** Bit n: the count that is n below the highest was seen. */
  seen: number
}

export type NonceVerdict = 'good' | 'stale' | 'forged'

export class DigestNonces {
  readonly #key: Uint8Array
  readonly #lifetimeMs: number
  readonly #maxInUse: number
  readonly #uses = new Map<string, Use>()
  /** What was made until then and is not known is as good as used. */
  #forgottenUntilMs = Number.NEGATIVE_INFINITY

  constructor(key: Uint8Array, lifetimeMs: number, maxInUse: number) {
    this.#key = key
    this.#lifetimeMs = lifetimeMs
    this.#maxInUse = maxInUse
  }

  make(): string {
    const stamp = Buffer.concat([Buffer.alloc(TIME_BYTES), randomBytes(RANDOM_BYTES)])
    stamp.writeUIntBE(Date.now(), 0, TIME_BYTES)
    return Buffer.concat([stamp, this.#mac(stamp)]).toString('base64url')
  }

  #mac(stamp: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(stamp).digest().subarray(0, MAC_BYTES)
  }

  /** Whether it is ours, and not too old. */
  check(nonce: string): NonceVerdict {
    const madeAtMs = this.#madeAt(nonce)
    if (madeAtMs === undefined) return 'forged'
    const isOld = Date.now() - madeAtMs > this.#lifetimeMs
    const isForgotten = madeAtMs <= this.#forgottenUntilMs && !this.#uses.has(nonce)
    return isOld || isForgotten ? 'stale' : 'good'
  }

  #madeAt(nonce: string): number | undefined {
    if (!NONCE.test(nonce)) return undefined
    const bytes = Buffer.from(nonce, 'base64url')
    // 43 letters have two bits more than 32 bytes: there is one way to write each nonce.
    if (bytes.toString('base64url') !== nonce) return undefined
    const stamp = bytes.subarray(0, STAMP_BYTES)
    if (!timingSafeEqual(this.#mac(stamp), bytes.subarray(STAMP_BYTES))) return undefined
    return bytes.readUIntBE(0, TIME_BYTES)
  }

  /** Marks the count of an answer that was right. False: it was seen before, or may have been. */
  use(nonce: string, count: number): boolean {
    let use = this.#uses.get(nonce)
    if (use === undefined) {
      this.#makeRoom()
      use = { madeAtMs: this.#madeAt(nonce) ?? 0, highest: 0, seen: 0 }
      this.#uses.set(nonce, use)
    }
    const ahead = count - use.highest
    if (ahead > 0) {
      use.seen = ahead > WINDOW ? 1 : ((use.seen << ahead) | 1) >>> 0
      use.highest = count
      return true
    }
    const bit = 1 << -ahead
    if (-ahead > WINDOW || (use.seen & bit) !== 0) return false
    use.seen = (use.seen | bit) >>> 0
    return true
  }

  /** The first in the map was used first. */
  #makeRoom(): void {
    const oldest = Date.now() - this.#lifetimeMs
    for (const [nonce, { madeAtMs }] of this.#uses) {
      if (madeAtMs >= oldest && this.#uses.size < this.#maxInUse) return
      this.#uses.delete(nonce)
      if (madeAtMs >= oldest) this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, madeAtMs)
    }
  }
}
