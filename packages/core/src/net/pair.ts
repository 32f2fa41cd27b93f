/** Connected pairs, and descriptors that somebody else opened. */
import { checkInteger, outOfRange } from '../errors.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { ByteStream } from './byte-stream.js'
import { Socket } from './socket.js'

/** Two connected UNIX stream sockets. Throws `EMFILE`. */
export function socketPair(): [Socket, Socket] {
  const [one, other] = native.socketPair(native.constants.SOCK_STREAM)
  if (one < 0) throw systemError('socketpair', one)
  return [new Socket(one, true), new Socket(other, true)]
}

/** A pipe: what is sent into `writer` is received from `reader`. Throws `EMFILE`. */
export function pipe(): { reader: Pipe; writer: Pipe } {
  const [reader, writer] = native.pipe()
  if (reader < 0) throw systemError('pipe', reader)
  return { reader: new Pipe(reader), writer: new Pipe(writer) }
}

/** A pipe's end, a FIFO or a terminal. */
export class Pipe extends ByteStream {
  /** @internal */
  constructor(fd: number) {
    super(fd)
    // A read from a terminal ends at the line, and one from a pipe may end at a page: short does not mean drained.
    this.descriptor.distrustsShortReads = true
  }

  /** @internal */
  describePeer(): string {
    return ''
  }

  /** There is no half of a pipe to shut: it closes. */
  shutdown(): void {
    this.close()
  }
}

/**
 * Takes over a descriptor that somebody else opened: a `Socket` for a stream socket, a `Pipe` for a pipe, FIFO or terminal.
 * It becomes non-blocking and is closed with the stream; of a terminal a new descriptor is opened instead, because the shell
 * shares its flags. Throws `EBADF`, `EEXIST` (it is ours already), `EPERM` for a file, which is always ready.
 */
export function fromDescriptor(fd: number): Socket | Pipe {
  checkInteger('fd', fd, 0, 2 ** 31 - 1)
  const type = new Int32Array(2)
  const { SOL_SOCKET, SO_TYPE, SOCK_STREAM } = native.constants
  const isSocket = native.getOption(fd, SOL_SOCKET, SO_TYPE, type) === 0
  if (isSocket && type[0] !== SOCK_STREAM)
    throw outOfRange('fd', 'a stream socket, pipe or terminal', `socket of type ${type[0]}`)
  const adopted = native.adopt(fd)
  if (adopted < 0) throw systemError('adopt', adopted)
  if (!isSocket) return new Pipe(adopted)
  const name = native.socketName(adopted)
  return new Socket(adopted, typeof name === 'number' || name[0] === native.constants.AF_UNIX)
}
