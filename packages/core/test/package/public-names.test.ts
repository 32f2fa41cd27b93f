/** The door of the package: what can be imported, and what cannot. */
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'

test('the public names are these', async () => {
  expect(Object.keys(await import('../../src/index.js')).sort()).toMatchInlineSnapshot(`
    [
      "Barrier",
      "BufferedReader",
      "BufferedWriter",
      "Channel",
      "ChannelClosed",
      "ClosedError",
      "ConditionVariable",
      "CoroError",
      "Coroutine",
      "CoroutineLocal",
      "DefaultCase",
      "EndOfStream",
      "Event",
      "Fifo",
      "Group",
      "GroupError",
      "InParallelError",
      "Interrupted",
      "InvertedSemaphore",
      "LATER",
      "LimitError",
      "Listener",
      "LockError",
      "Mutex",
      "PENDING",
      "Pipe",
      "RWLock",
      "RawSocket",
      "ReceiveCase",
      "Scheduler",
      "SelectCase",
      "Semaphore",
      "SendCase",
      "Shutdown",
      "SimultaneousError",
      "Socket",
      "TimeoutCase",
      "TimeoutError",
      "UdpSocket",
      "all",
      "current",
      "defaultCase",
      "fromDescriptor",
      "fromDuplex",
      "fromWeb",
      "group",
      "inParallel",
      "interruptible",
      "isDisconnect",
      "main",
      "memoryStreamPair",
      "now",
      "onExit",
      "pipe",
      "select",
      "setExceptionNotifier",
      "setExit",
      "setLatencyWarning",
      "setResolver",
      "setSelfishness",
      "shield",
      "signal",
      "sleep",
      "sleepUntil",
      "socketPair",
      "spawn",
      "tcp",
      "timeoutCase",
      "toDuplex",
      "toWeb",
      "unix",
      "where",
      "whereAll",
      "withTimeout",
      "yieldSlice",
    ]
  `)
})

test('the names for testing are these', async () => {
  expect(Object.keys(await import('../../src/testing.js')).sort()).toEqual(['useClock'])
})

test('what is inside cannot be imported', () => {
  const { resolve } = createRequire(import.meta.url)
  const thrown = { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }
  expect(() => resolve('@shrapnel/core/dist/runtime/wait.js')).toThrow(expect.objectContaining(thrown))
})
