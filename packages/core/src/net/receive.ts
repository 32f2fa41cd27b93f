/**
 * Where received bytes go. All descriptors of a thread read into one slab, so an idle connection holds no buffer. Few
 * bytes are copied out of it; many are handed over with the slab, which is then replaced.
 */
import { EAGAIN } from '../native.js'
import type { Scope } from '../runtime/scope.js'
import { type Descriptor, IoWait, PENDING } from './descriptor.js'

/** What one receive takes unless told, and at most. Loopback delivers up to this much at once. */
export const MAX_RECV_BYTES = 65_536
/** More than this is not copied. A slab kept alive by a slice is at most four times as large as the slice. */
const COPY_BYTES = 16_384

/** Asked for no more than this, bytes are read to where they stay: a pool, as `Buffer.allocUnsafe` has one, of as many bytes. */
const POOLED_BYTES = 4096
const POOL_BYTES = 8192

let slab = Buffer.allocUnsafeSlow(MAX_RECV_BYTES)
let pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let poolUsed = 0

/** Up to `max` bytes, none at the end; undefined: nothing is there. */
export function receive(descriptor: Descriptor, max: number): Buffer | undefined {
  return max <= POOLED_BYTES ? receiveFew(descriptor, max) : receiveMany(descriptor, max)
}

function receiveFew(descriptor: Descriptor, max: number): Buffer | undefined {
  if (poolUsed + max > POOL_BYTES) {
    pool = Buffer.allocUnsafeSlow(POOL_BYTES)
    poolUsed = 0
  }
  const from = poolUsed
  const count = descriptor.read(pool, from, max)
  if (count === EAGAIN) return undefined
  // The next slice begins where a Float64Array could.
  poolUsed = (from + count + 7) & ~7
  return pool.subarray(from, from + count)
}

function receiveMany(descriptor: Descriptor, max: number): Buffer | undefined {
  const count = descriptor.read(slab, 0, max)
  if (count === EAGAIN) return undefined
  if (count > COPY_BYTES) {
    const whole = slab
    slab = Buffer.allocUnsafeSlow(MAX_RECV_BYTES)
    return count === MAX_RECV_BYTES ? whole : whole.subarray(0, count)
  }
  const bytes = Buffer.allocUnsafe(count)
  slab.copy(bytes, 0, 0, count)
  return bytes
}

/** A socket keeps one of these and uses it for each of its receives, of which there is one at a time. */
export class RecvWait extends IoWait<Buffer> {
  protected readonly verb = 'recv'
  #max = 0
  constructor(scope: Scope, descriptor: Descriptor, owner: { describePeer(): string }) {
    super(scope, descriptor, owner, 'read')
  }
  receive(scope: Scope, max: number): Promise<Buffer> {
    this.#max = max
    return this.again(scope)
  }
  protected try(): Buffer | typeof PENDING {
    return receive(this.descriptor, this.#max) ?? PENDING
  }
}

export class RecvIntoWait extends IoWait<number> {
  protected readonly verb = 'recv'
  readonly #target: Uint8Array
  constructor(scope: Scope, descriptor: Descriptor, owner: { describePeer(): string }, target: Uint8Array) {
    super(scope, descriptor, owner, 'read')
    this.#target = target
  }
  protected try(): number | typeof PENDING {
    const count = this.descriptor.read(this.#target, 0, this.#target.length)
    return count === EAGAIN ? PENDING : count
  }
}
