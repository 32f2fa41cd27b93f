/** Coroutines, channels and sockets for Node.js. The public names, by what one does with them. */

import './deadlock.js'
import './signals/exit-on.js'

// Coroutines

export { CoroutineLocal } from './coroutine-local.js'
export { now } from './runtime/clock.js'
export { Coroutine, type CoroutineState } from './runtime/coroutine.js'
export { type ScheduledEvent, Scheduler } from './scheduler.js'
export { Group, group } from './scope/group.js'
export { inParallel } from './scope/in-parallel.js'
export { sleep, sleepUntil, yieldSlice } from './scope/sleep.js'
export { all, current, main, type SpawnOptions, spawn } from './spawn.js'

// Cancellation

export { interruptible, signal } from './scope/interruptible.js'
export { shield, withTimeout } from './scope/with-timeout.js'

// The program as a whole

export { type ExitOptions, onExit, setExit } from './exit.js'
export { type ExceptionNotifier, setExceptionNotifier, setLatencyWarning } from './runtime/notifier.js'
export { setSelfishness } from './selfishness.js'
export { type CoroutineFacts, type WaitFacts, where, whereAll } from './where.js'

// Signals

export type { SignalFunction, SignalHandler } from './signals/signal-handler.js'
export type { SignalName } from './signals/signal-name.js'
export { signals } from './signals/signals.js'

// Locks and queues

export { Barrier } from './sync/barrier.js'
export { ConditionVariable } from './sync/condition-variable.js'
export { Event } from './sync/event.js'
export { Fifo } from './sync/fifo.js'
export type { Held } from './sync/held.js'
export { InvertedSemaphore } from './sync/inverted-semaphore.js'
export { Mutex } from './sync/mutex.js'
export { RWLock } from './sync/rw-lock.js'
export { Semaphore } from './sync/semaphore.js'

// Channels

export { Channel, type Received } from './channel/channel.js'
export type { Preference } from './channel/exchange.js'
export { defaultCase, select, timeoutCase } from './channel/select.js'
export { DefaultCase, ReceiveCase, SelectCase, SendCase, TimeoutCase } from './channel/select-cases.js'
export type { SelectResult } from './channel/select-result.js'

// Sockets

export type { SocketAddress } from './net/address.js'
export { DatagramBatch } from './net/datagram-batch.js'
export type { InheritedListenOptions } from './net/inherited-listener.js'
export { Listener } from './net/listener.js'
export { fromDescriptor, Pipe, pipe, socketPair } from './net/pair.js'
export { CROSSED, LATER, PENDING, type RawOperation, RawSocket } from './net/raw-socket.js'
export { type Resolver, setResolver } from './net/resolver.js'
export { type PeerCredentials, Socket } from './net/socket.js'
export type { SocketOption } from './net/socket-options.js'
export { type ConnectOptions, type ListenOptions, tcp } from './net/tcp.js'
export { type Datagram, type UdpOptions, UdpSocket } from './net/udp.js'
export { type UnixConnectOptions, type UnixListenOptions, unix } from './net/unix.js'

// Processes

export { ExitError, type RunResult, RunTimeoutError } from './process/errors.js'
export type { ExitStatus } from './process/exit-status.js'
export { Process, type StopOptions } from './process/process.js'
export { type RunOptions, run } from './process/run.js'
export { start } from './process/start.js'
export type { DescriptorSource, StartOptions, Stdio } from './process/start-options.js'

// Servers of several processes

export type { PreforkEvent } from './prefork/event.js'
export type { PreforkListenOptions, PreforkOptions, Strategy } from './prefork/options.js'
export { prefork } from './prefork/prefork.js'
export { type PreforkReport, Supervisor, type WorkerReport } from './prefork/supervisor.js'
export type { Worker } from './prefork/worker.js'
export type { WorkerState } from './prefork/worker-process.js'
// Files and folders

export { type WatchOptions, watch } from './watch/watch.js'
export type { WatchEvent } from './watch/watch-event.js'
export { Watcher } from './watch/watcher.js'

// Streams

export type { Awaitable } from './awaitable.js'
export { fromDuplex } from './bridge/from-duplex.js'
export { fromWeb } from './bridge/from-web.js'
export { toDuplex } from './bridge/to-duplex.js'
export { toWeb, type WebStreams } from './bridge/to-web.js'
export { BufferedReader } from './stream/buffered-reader.js'
export { BufferedWriter, type BufferedWriterOptions } from './stream/buffered-writer.js'
export { type MemoryStream, type MemoryStreamOptions, memoryStreamPair } from './stream/memory-stream.js'
export type {
  BufferedReaderOptions,
  LineEncoding,
  LineOptions,
  LinesOptions,
  UntilOptions,
} from './stream/reader-options.js'
export type { Stream } from './stream/stream.js'

// Errors

export {
  ChannelClosed,
  ClosedError,
  CoroError,
  EndOfStream,
  GroupError,
  InParallelError,
  Interrupted,
  LimitError,
  LockError,
  Shutdown,
  SimultaneousError,
  TimeoutError,
} from './errors.js'
export { isDisconnect } from './is-disconnect.js'
export type { SystemError } from './system-error.js'
