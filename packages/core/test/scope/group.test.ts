/** Coroutines that cannot outlive the block that started them. */
import { expect, test } from 'vitest'
import {
  all,
  type Coroutine,
  current,
  type Group,
  GroupError,
  group,
  type Interrupted,
  Shutdown,
  shield,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround, errorOf, foreign } from '../runtime/harness.js'

const ground = cleanGround()

/** Sleeps for ever, and notes how that ended. */
function sleeper(ends: string[], name: string): () => Promise<void> {
  return async () => {
    try {
      await sleep(Infinity)
    } catch (error) {
      ends.push(`${name} ${(error as Interrupted).code}`)
      throw error
    }
  }
}

test('a group gives the result of its block, when its last child has ended', async () => {
  const events: string[] = []
  const result = group(async (g) => {
    g.spawn(async () => {
      await sleep(10)
      events.push('child')
    })
    await sleep(5)
    events.push('block')
    return 'result'
  })
  await ground.clock.advance(9)
  expect(events).toEqual(['block'])
  await ground.clock.advance(1)
  expect(await result).toBe('result')
  expect(events).toEqual(['block', 'child'])
})

test('a group without children, and one whose block is synchronous, ends at once', async () => {
  expect(await group(() => 5)).toBe(5)
  expect(await group(async () => 6)).toBe(6)
})

test("spawn in a group gives a coroutine with a name, a result and the group's owner as parent", async () => {
  const owner = spawn(() =>
    group(async (g) => {
      const child = g.spawn({ name: 'child', daemon: true }, (n: number) => n + 1, 1)
      return { child, result: await child.join() }
    }),
  )
  const { child, result } = await owner.join()
  expect(result).toBe(2)
  expect(child).toMatchObject({ name: 'child', isDaemon: true, parentId: owner.id })
})

test('a child that fails cancels its siblings and the block, and the group rejects with its error', async () => {
  const ends: string[] = []
  const error = new Error('child')
  const failed = errorOf(
    group(async (g) => {
      g.spawn(sleeper(ends, 'sibling'))
      g.spawn(async () => {
        await sleep(5)
        throw error
      })
      await sleeper(ends, 'block')()
    }),
  )
  await ground.clock.advance(5)
  const group_ = (await failed) as unknown as GroupError
  expect(group_).toBeInstanceOf(GroupError)
  expect(group_).toMatchObject({ code: 'GROUP', errors: [error], cause: error })
  expect(ends.sort()).toEqual(['block SHUTDOWN', 'sibling SHUTDOWN'])
})

test('a block that fails cancels the children, and its error is the first', async () => {
  const ends: string[] = []
  const error = new Error('block')
  const failed = errorOf(
    group(async (g) => {
      g.spawn(sleeper(ends, 'child'))
      await yieldSlice()
      throw error
    }),
  )
  expect(await failed).toMatchObject({ code: 'GROUP', errors: [error], cause: error })
  expect(ends).toEqual(['child SHUTDOWN'])
})

test('a block that throws at once cancels children before they start', async () => {
  let ran = false
  const failed = errorOf(
    group((g) => {
      g.spawn(() => {
        ran = true
      })
      throw new Error('block')
    }),
  )
  expect(await failed).toMatchObject({ code: 'GROUP' })
  expect(ran).toBe(false)
})

test('every real failure is in the error, in the order in which they came, and interruptions are not', async () => {
  const failed = errorOf(
    group(async (g) => {
      g.spawn(async () => {
        await sleep(5)
        throw new Error('first')
      })
      g.spawn(async () => {
        try {
          await sleep(Infinity)
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: an error from cleanup is what is tested
          throw new Error('while cancelled')
        }
      })
      g.spawn(async () => {
        try {
          await sleep(Infinity)
        } finally {
          await shield(100, () => sleep(5))
          // biome-ignore lint/correctness/noUnsafeFinally: an error from cleanup is what is tested
          throw new Error('after cleanup')
        }
      })
      g.spawn(() => sleep(Infinity))
      await sleep(Infinity)
    }),
  )
  await ground.clock.advance(10)
  const { errors } = (await failed) as unknown as GroupError
  expect(errors.map((error) => (error as Error).message)).toEqual([
    'first',
    'while cancelled',
    'after cleanup',
  ])
})

test('the failure of a child that the block joins is one failure, not two', async () => {
  const error = new Error('child')
  const failed = errorOf(
    group(async (g) => {
      const child = g.spawn(() => {
        throw error
      })
      await child.join()
    }),
  )
  expect(await failed).toMatchObject({ errors: [error] })
})

test('a failure of undefined is a failure', async () => {
  const failed = await errorOf(group((g) => void g.spawn(() => Promise.reject(undefined))))
  expect(failed).toMatchObject({ code: 'GROUP', errors: [undefined] })
  expect((await errorOf(group(() => Promise.reject(undefined)))).code).toBe('GROUP')
})

test("the failure of a child is the group's to report, not the notifier's", async () => {
  await errorOf(group((g) => void g.spawn(() => Promise.reject(new Error('child')))))
  await ground.clock.settle()
  expect(ground.takeReports()).toEqual([])
})

test("a timeout around a group becomes TimeoutError outside of it, and is nobody's failure inside", async () => {
  const ends: string[] = []
  const failed = errorOf(
    withTimeout(10, () =>
      group(async (g) => {
        g.spawn(sleeper(ends, 'child'))
        g.spawn(() => group((inner) => void inner.spawn(sleeper(ends, 'grandchild'))))
        await sleeper(ends, 'block')()
      }),
    ),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(ends.sort()).toEqual(['block INTERRUPTED', 'child INTERRUPTED', 'grandchild INTERRUPTED'])
})

test('a timeout around a group whose block is over becomes TimeoutError too', async () => {
  const failed = errorOf(withTimeout(10, () => group((g) => void g.spawn(() => sleep(Infinity)))))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test('a real failure beats a timeout around the group', async () => {
  const failed = errorOf(
    withTimeout(10, () =>
      group(
        (g) =>
          void g.spawn(async () => {
            await sleep(Infinity).catch(() => {})
            throw new Error('real')
          }),
      ),
    ),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'GROUP', errors: [{ message: 'real' }] })
})

test("a TimeoutError of a child's own is a failure", async () => {
  const failed = errorOf(group((g) => void g.spawn(() => withTimeout(5, () => sleep(10)))))
  await ground.clock.advance(5)
  expect(await failed).toMatchObject({ code: 'GROUP', errors: [{ code: 'TIMEOUT' }] })
})

test('an interrupt while only children remain cancels them, waits for them and then passes', async () => {
  const ends: string[] = []
  const owner = spawn(() =>
    group((g) => {
      g.spawn(async () => {
        try {
          await sleeper(ends, 'child')()
        } finally {
          await shield(100, () => sleep(5))
          ends.push('child clean')
        }
      })
    }),
  )
  await ground.clock.settle()
  owner.interrupt('x')
  const failed = errorOf(owner.join())
  await ground.clock.advance(5)
  expect(await failed).toMatchObject({ code: 'INTERRUPTED', reason: 'x' })
  expect(ends).toEqual(['child SHUTDOWN', 'child clean'])
})

test('a second interrupt while children clean up does not hurry them, and the first one is what passes', async () => {
  const events: string[] = []
  const owner = spawn(() =>
    group((g) => {
      g.spawn(async () => {
        try {
          await sleep(Infinity)
        } finally {
          await shield(100, () => sleep(10))
          events.push('clean')
        }
      })
    }),
  )
  await ground.clock.settle()
  const failed = errorOf(owner.join())
  owner.interrupt(1)
  await ground.clock.advance(5)
  owner.interrupt(2)
  await ground.clock.settle()
  expect(owner.isDead).toBe(false)
  await ground.clock.advance(5)
  expect(await failed).toMatchObject({ reason: 1 })
  expect(events).toEqual(['clean'])
})

test('an interrupt of the block cancels the children and passes', async () => {
  const ends: string[] = []
  const owner = spawn(() =>
    group(async (g) => {
      g.spawn(sleeper(ends, 'child'))
      await sleep(Infinity)
    }),
  )
  await ground.clock.settle()
  owner.interrupt('x')
  expect(await errorOf(owner.join())).toMatchObject({ reason: 'x' })
  expect(ends).toEqual(['child SHUTDOWN'])
})

test('a child that is interrupted or shut down by itself is no failure', async () => {
  const result = group(async (g) => {
    const children = [g.spawn(() => sleep(Infinity)), g.spawn(() => sleep(Infinity)), g.spawn(() => sleep(5))]
    await yieldSlice()
    children[0]?.interrupt()
    children[1]?.shutdown()
    return 'result'
  })
  await ground.clock.advance(5)
  expect(await result).toBe('result')
})

test('cancel ends the children, and a block that is over keeps its result', async () => {
  const ends: string[] = []
  const result = group((g) => {
    g.spawn(sleeper(ends, 'child'))
    g.spawn(async () => {
      await sleep(5)
      g.cancel('enough')
      ends.push('canceller')
    })
    return 'result'
  })
  await ground.clock.advance(5)
  expect(await result).toBe('result')
  expect(ends.sort()).toEqual(['canceller', 'child SHUTDOWN'])
})

test('a block that cancels its group and ends keeps its result', async () => {
  const ends: string[] = []
  const result = group(async (g) => {
    g.spawn(sleeper(ends, 'child'))
    await yieldSlice()
    g.cancel()
    return 'result'
  })
  expect(await result).toBe('result')
  expect(ends).toEqual(['child SHUTDOWN'])
})

test('a block that is interrupted by its own cancel ends quietly, without a result', async () => {
  const coroutine = spawn(() =>
    group(async (g) => {
      g.spawn(() => g.cancel(new Error('why')))
      await sleep(Infinity)
      return 'result'
    }),
  )
  expect(await coroutine.join()).toBeUndefined()
})

test('a failure beats cancel', async () => {
  const failed = errorOf(
    group(async (g) => {
      g.cancel()
      try {
        await yieldSlice()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: an error from cleanup is what is tested
        throw new Error('cleanup')
      }
    }),
  )
  expect(await failed).toMatchObject({ code: 'GROUP', errors: [{ message: 'cleanup' }] })
})

test('cancel after an interruption from outside does not hide it', async () => {
  const failed = errorOf(withTimeout(10, () => group((g) => sleep(Infinity).finally(() => g.cancel()))))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test('a coroutine is itself again after a group that was cancelled, and can wait', async () => {
  const coroutine = spawn(async () => {
    await group(async (g) => {
      g.spawn(() => Promise.reject(new Error('x')))
      await sleep(Infinity)
    }).catch(() => {})
    await sleep(5)
    return 'went on'
  })
  await ground.clock.advance(5)
  expect(await coroutine.join()).toBe('went on')
})

test('spawn after the end of the group is refused', async () => {
  let kept: Group | undefined
  await group((g) => {
    kept = g
  })
  expect(() => kept?.spawn(() => {})).toThrow(expect.objectContaining({ code: 'GROUP_CLOSED' }))
  expect(all()).toEqual([])
})

test('a child can spawn into the group as long as it lives, and the group waits for those too', async () => {
  const events: number[] = []
  const result = group((g) => {
    const respawn = async (left: number): Promise<void> => {
      await sleep(5)
      events.push(left)
      if (left > 0) g.spawn(respawn, left - 1)
    }
    g.spawn(respawn, 3)
  })
  await ground.clock.advance(20)
  await result
  expect(events).toEqual([3, 2, 1, 0])
})

test('what is spawned into a cancelled group never starts', async () => {
  let ran = false
  const failed = errorOf(
    group(async (g) => {
      g.spawn(() => Promise.reject(new Error('x')))
      await sleep(Infinity).catch(() => {})
      g.spawn(() => {
        ran = true
      })
    }),
  )
  expect(await failed).toMatchObject({ errors: [{ message: 'x' }] })
  expect(ran).toBe(false)
})

test("a group within a group is cancelled with it, and its failure is the outer group's failure", async () => {
  const ends: string[] = []
  const failed = errorOf(
    group((outer) => {
      outer.spawn(sleeper(ends, 'outer child'))
      outer.spawn(() =>
        group((inner) => {
          inner.spawn(sleeper(ends, 'inner child'))
          inner.spawn(async () => {
            await sleep(5)
            throw new Error('innermost')
          })
        }),
      )
    }),
  )
  await ground.clock.advance(5)
  expect(await failed).toMatchObject({
    code: 'GROUP',
    errors: [{ code: 'GROUP', errors: [{ message: 'innermost' }] }],
  })
  expect(ends.sort()).toEqual(['inner child SHUTDOWN', 'outer child SHUTDOWN'])
})

test('the failure of an inner group that is caught leaves the outer one alone', async () => {
  const result = group(async (outer) => {
    outer.spawn(() => sleep(10))
    await group((inner) => void inner.spawn(() => Promise.reject(new Error('x')))).catch(() => {})
    await sleep(5)
    return 'went on'
  })
  await ground.clock.advance(10)
  expect(await result).toBe('went on')
})

test('size counts the children that have not ended', async () => {
  await group(async (g) => {
    expect(g.size).toBe(0)
    const child = g.spawn(() => yieldSlice())
    g.spawn(() => yieldSlice())
    expect(g.size).toBe(2)
    await child.join()
    await yieldSlice()
    expect(g.size).toBe(0)
  })
})

test('await using waits for the children at the end of the block', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    {
      await using g = group()
      g.spawn(async () => {
        await sleep(5)
        events.push('child')
      })
      events.push('block')
    }
    events.push('after')
  })
  await ground.clock.advance(5)
  await coroutine.join()
  expect(events).toEqual(['block', 'child', 'after'])
})

test('await using rejects with the failure of a child, and its sibling is cancelled', async () => {
  const ends: string[] = []
  const coroutine = spawn(async () => {
    await using g = group()
    g.spawn(sleeper(ends, 'sibling'))
    g.spawn(() => Promise.reject(new Error('child')))
  })
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'GROUP', errors: [{ message: 'child' }] })
  expect(ends).toEqual(['sibling SHUTDOWN'])
})

test('a timeout around await using cancels the children', async () => {
  const ends: string[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      await using g = group()
      g.spawn(sleeper(ends, 'child'))
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(ends).toEqual(['child INTERRUPTED'])
})

test('a group that is disposed of twice waits twice and rejects no more', async () => {
  const coroutine = spawn(async () => {
    const g = group()
    g.spawn(() => sleep(5))
    await g[Symbol.asyncDispose]()
    await g[Symbol.asyncDispose]()
    return current().state
  })
  await ground.clock.advance(5)
  expect(await coroutine.join()).toBe('running')
})

test('waiting for children is what the coroutine says it waits for', async () => {
  const owner = spawn(() =>
    group((g) => {
      g.spawn(() => sleep(5))
      g.spawn(() => sleep(5))
    }),
  )
  await ground.clock.settle()
  expect(owner.waitingOn).toBe('2 coroutines of its group')
  await ground.clock.advance(5)
})

test('a group whose child awaits a foreign promise waits for it', async () => {
  const outside = foreign<string>()
  let child: Coroutine<string> | undefined
  const failed = errorOf(
    group(async (g) => {
      child = g.spawn(() => outside.promise)
      await yieldSlice()
      throw new Error('block')
    }),
  )
  await ground.clock.settle()
  expect(child?.isDead).toBe(false)
  outside.resolve('late')
  expect(await failed).toMatchObject({ errors: [{ message: 'block' }] })
  expect(child?.state).toBe('done')
})

test('Shutdown that a child throws by itself is an interruption, and no failure', async () => {
  expect(await group((g) => void g.spawn(() => Promise.reject(new Shutdown())))).toBeUndefined()
})

test.each([
  ['text', 'block'],
  ['null', null],
  ['an object', {}],
])('%s is no block', (_, block) => {
  expect(() => group(block as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
})

test.each([
  ['text', 'fn'],
  ['nothing', undefined],
])('a group spawns no %s', async (_, fn) => {
  await group((g) => {
    expect(() => g.spawn(fn as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })
})
