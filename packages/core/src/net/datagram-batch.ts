/**
 * DatagramBatch: room for datagrams that are received in one call, from the peer of `connect`. For whoever gets many small ones: a
 * wait, an address and a buffer for each cost more than the datagram. What it holds is overwritten by the next call.
 */
import { checkInteger, outOfRange } from '../errors.js'
import { native } from '../native.js'
import { toBytes } from '../stream/to-bytes.js'
import type { Descriptor } from './descriptor.js'

const MOST_DATAGRAMS = 1_024
const MOST_DATAGRAM_BYTES = 65_535

const slab = Buffer.allocUnsafeSlow(MOST_DATAGRAM_BYTES)
const lengths = new Int32Array(256)

/** Sends to the peer of `connect` what the kernel has room for now: how many. Throws what it says of one; none after it is sent. */
export function sendTogether(descriptor: Descriptor, datagrams: readonly Uint8Array[]): number {
  for (let sent = 0; ; ) {
    if (sent === datagrams.length || descriptor.writer !== null) return sent
    const count = pack(datagrams, sent)
    const taken = native.sendMany(descriptor.fd, slab, lengths, count)
    if (taken < 0) throw descriptor.failure('send', taken)
    sent += taken
    if (taken < count) {
      descriptor.exhaust('write')
      return sent
    }
  }
}

/** Puts as many as there is room for into `slab`. */
function pack(datagrams: readonly Uint8Array[], from: number): number {
  let at = 0
  let count = 0
  for (; from + count < datagrams.length && count < lengths.length; count++) {
    const datagram = toBytes('data', datagrams[from + count] as Uint8Array)
    if (datagram.length > MOST_DATAGRAM_BYTES)
      throw outOfRange('data.length', `at most ${MOST_DATAGRAM_BYTES}`, datagram.length)
    if (datagram.length > slab.length - at) break
    slab.set(datagram, at)
    lengths[count] = datagram.length
    at += datagram.length
  }
  return count
}

export class DatagramBatch {
  /** All of them, each at the beginning of its own `slotBytes`. */
  readonly bytes: Buffer
  readonly slotBytes: number
  /** How many it holds. */
  count = 0
  readonly #lengths: Int32Array

  /** For at most `capacity` datagrams of at most `maxDatagramBytes`. Memory is used for those that come, in whole pages. */
  constructor(capacity: number, maxDatagramBytes: number) {
    checkInteger('capacity', capacity, 1, MOST_DATAGRAMS)
    this.slotBytes = checkInteger('maxDatagramBytes', maxDatagramBytes, 1, MOST_DATAGRAM_BYTES)
    this.bytes = Buffer.allocUnsafeSlow(capacity * maxDatagramBytes)
    this.#lengths = new Int32Array(capacity)
  }

  get capacity(): number {
    return this.#lengths.length
  }

  /** Where the datagram begins in `bytes`. */
  startOf(index: number): number {
    return index * this.slotBytes
  }

  /** Its length; negative: an errno, of the socket or of a datagram that was too long. */
  lengthOf(index: number): number {
    return this.#lengths[index] as number
  }

  /** @internal */
  receive(fd: number): void {
    this.count = native.receiveMany(fd, this.bytes, this.slotBytes, this.#lengths)
  }
}
