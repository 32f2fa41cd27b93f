/**
 * Descriptors through a UNIX stream socket, one with each byte. The kernel opens a received one in this process under a
 * number of its own; until somebody takes it over (`fromDescriptor`, `tcp.listen({ fd })`) it is a bare number, which its
 * receiver closes.
 */
import { type Awaitable, DONE } from '../awaitable.js'
import { CoroError, EndOfStream, LimitError } from '../errors.js'
import { EAGAIN, native } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import type { Pushback } from '../stream/pushback.js'
import { type Descriptor, IoWait, PENDING } from './descriptor.js'

type Owner = { describePeer(): string }

/** Sends a byte with `passed`. The caller has asked whether it may wait. */
export function sendDescriptor(
  scope: Scope,
  descriptor: Descriptor,
  owner: Owner,
  passed: number,
): Promise<void> {
  descriptor.claim('write', 'sendDescriptor')
  if (!spend(scope)) return afterTurn(() => sendDescriptor(currentScope(), descriptor, owner, passed))
  // Tried also where it must wait: a bad number is told now, and not when it means another file.
  if (put(descriptor, passed)) return DONE
  return new SendDescriptorWait(scope, descriptor, owner, passed).begin()
}

function put(descriptor: Descriptor, passed: number): boolean {
  return descriptor.wrote(native.sendDescriptor(descriptor.fd, passed), 'sendmsg') !== EAGAIN
}

class SendDescriptorWait extends IoWait<undefined> {
  protected readonly verb = 'sendDescriptor'
  readonly #passed: number
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner, passed: number) {
    super(scope, descriptor, owner, 'write')
    this.#passed = passed
  }
  protected try(): undefined | typeof PENDING {
    return put(this.descriptor, this.#passed) ? undefined : PENDING
  }
}

/** Receives a byte and the descriptor that came with it. The caller has asked whether it may wait. */
export function receiveDescriptor(
  scope: Scope,
  descriptor: Descriptor,
  owner: Owner,
  pushback: Pushback,
): Awaitable<number> {
  pushback.claim(scope)
  descriptor.claim('read', 'receiveDescriptor')
  if (pushback.size > 0) throw withoutDescriptor()
  if (descriptor.readable) {
    if (!spend(scope)) return afterTurn(() => receiveDescriptor(currentScope(), descriptor, owner, pushback))
    const fd = take(descriptor, pushback)
    if (fd !== PENDING) return fd
  }
  return new ReceiveDescriptorWait(scope, descriptor, owner, pushback).begin()
}

const received = new Int32Array(3)

function take(descriptor: Descriptor, pushback: Pushback): number | typeof PENDING {
  const result = native.receiveDescriptor(descriptor.fd, received)
  if (result === EAGAIN) {
    descriptor.readable = false
    return PENDING
  }
  if (result < 0) throw descriptor.failure('recvmsg', result)
  if (result === 0) throw new EndOfStream(Buffer.alloc(0), 'the stream ended where a descriptor was to come')
  const [count, fd, byte] = received as unknown as readonly [number, number, number]
  if (count === 1) return fd
  if (count > 1) throw new LimitError('descriptors', `${count} descriptors in one message, where 1 may be`)
  pushback.append(Buffer.of(byte))
  throw withoutDescriptor()
}

function withoutDescriptor(): CoroError {
  return new CoroError('NO_DESCRIPTOR', 'the next byte came without a descriptor: it is there for recv')
}

class ReceiveDescriptorWait extends IoWait<number> {
  protected readonly verb = 'receiveDescriptor'
  readonly #pushback: Pushback
  constructor(scope: Scope, descriptor: Descriptor, owner: Owner, pushback: Pushback) {
    super(scope, descriptor, owner, 'read')
    this.#pushback = pushback
  }
  protected try(): number | typeof PENDING {
    return take(this.descriptor, this.#pushback)
  }
}
