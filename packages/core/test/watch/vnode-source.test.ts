/** The kqueue source over files in memory: what it makes of what a kernel can say, and of what happens meanwhile. */
import { expect, test } from 'vitest'
import { type WatchEvent, yieldSlice } from '../../src/index.js'
import { ATTRIBUTES, MOVED, REMOVED, WRITTEN } from '../../src/watch/vnode-files.js'
import { VnodeSource } from '../../src/watch/vnode-source.js'
import { FakeFiles } from './fake-files.js'
import { Mirror } from './mirror.js'
import { textOf } from './sight.js'

const EVERYTHING = WRITTEN | ATTRIBUTES | MOVED | REMOVED

/** Files, somebody who watches them, and what that one was told. */
class Watched {
  readonly files: FakeFiles
  readonly source: VnodeSource
  ending: unknown
  isClosed = false
  /** Everything that was told. */
  readonly events: WatchEvent[] = []
  #told: string[] = []

  constructor(prepare: (files: FakeFiles) => void = () => {}, watched: 'folder' | 'tree' | 'file' = 'tree') {
    this.files = new FakeFiles()
    prepare(this.files)
    const target = {
      path: watched === 'file' ? '/top/f' : '/top',
      real: watched === 'file' ? '/top/f' : '/top',
      isDirectory: watched !== 'file',
      isRecursive: watched === 'tree',
    }
    const sink = {
      push: (event: WatchEvent) => {
        this.#told.push(textOf(event, '/top'))
        this.events.push(event)
      },
      end: () => {
        this.ending = 'end'
      },
      fail: (error: unknown) => {
        this.ending = error
      },
    }
    this.source = new VnodeSource(target, sink, this.files, this.files.open(EVERYTHING), () => {
      this.isClosed = true
    })
  }

  /** The kernel says that there is something. What is told of it. */
  look(): string[] {
    this.source.read()
    return this.take()
  }

  take(): string[] {
    const told = this.#told
    this.#told = []
    return told
  }
}

type Act = (files: FakeFiles) => void

/** What happens between two looks, and what is told of it. */
const BETWEEN_LOOKS: readonly (readonly [law: string, before: Act, act: Act, events: string[]])[] = [
  [
    'a name that came and went is not told',
    () => {},
    (files) => {
      files.write('a')
      files.unlink('a')
    },
    [],
  ],
  [
    'a file that came with bytes in it was written, one without was not',
    () => {},
    (files) => {
      files.write('a', 5)
      files.write('b')
    },
    ['create a', 'modify a', 'create b'],
  ],
  [
    'a second link to a file is created and was not written',
    (files) => files.write('a', 5),
    (files) => files.link('a', 'b'),
    ['create b'],
  ],
  [
    'a write to a file with two names is told of both',
    (files) => {
      files.write('a')
      files.link('a', 'b')
    },
    (files) => files.write('b', 1),
    ['modify a', 'modify b'],
  ],
  [
    'names are left before they are taken again',
    (files) => {
      files.write('a')
      files.write('c')
    },
    (files) => {
      files.rename('a', 'b')
      files.rename('c', 'a')
    },
    ['rename a > b', 'rename c > a'],
  ],
  [
    'of files that change their names in a circle one is deleted and created, as no order of renames does that',
    (files) => {
      files.write('a')
      files.write('b')
    },
    (files) => {
      files.rename('a', 'x')
      files.rename('b', 'a')
      files.rename('x', 'b')
    },
    ['delete b', 'rename a > b', 'create a'],
  ],
  [
    'a folder in such a circle is created with all that is in it',
    (files) => {
      files.mkdir('a')
      files.mkdir('b')
      files.write('b/x', 5)
    },
    (files) => {
      files.rename('a', 'c')
      files.rename('b', 'a')
      files.rename('c', 'b')
      files.write('a/y')
    },
    ['delete b', 'rename a > b', 'create a', 'create a/x', 'modify a/x', 'create a/y'],
  ],
  [
    'a folder is created before something moves into it',
    (files) => files.write('a'),
    (files) => {
      files.mkdir('d')
      files.mkdir('d/e')
      files.rename('a', 'd/e/a')
    },
    ['create d', 'create d/e', 'rename a > d/e/a'],
  ],
  [
    'what moves out of a folder that is deleted is renamed before',
    (files) => {
      files.mkdir('d')
      files.write('d/a')
    },
    (files) => {
      files.rename('d/a', 'a')
      files.unlink('d')
    },
    ['rename d/a > a', 'delete d'],
  ],
  [
    'a folder that was deleted is empty before',
    (files) => {
      files.mkdir('d')
      files.mkdir('d/e')
      files.write('d/e/a')
      files.write('d/b')
    },
    (files) => files.unlink('d'),
    ['delete d/e/a', 'delete d/e', 'delete d/b', 'delete d'],
  ],
  [
    'a folder that was moved out takes all in it along, what came last too',
    (files) => {
      files.mkdir('d')
      files.mkdir('d/e')
      files.write('a')
    },
    (files) => {
      files.write('d/e/b')
      files.rename('a', 'd/e/a')
      files.rename('d', '../outside/d')
    },
    ['delete d', 'delete a'],
  ],
  [
    'a folder that moved into one that was moved out is gone as well, and what came into it is not told',
    (files) => {
      files.mkdir('d')
      files.mkdir('a')
    },
    (files) => {
      files.rename('a', 'd/a')
      files.write('d/a/x')
      files.rename('d', '../outside/d')
    },
    ['delete d', 'delete a'],
  ],
  [
    'a file that was deleted and made again is both',
    (files) => files.write('a'),
    (files) => {
      files.unlink('a')
      files.write('a', 5)
    },
    ['delete a', 'create a', 'modify a'],
  ],
  [
    'a file that was replaced by a rename is gone without a word',
    (files) => {
      files.write('a')
      files.write('b')
    },
    (files) => files.rename('a', 'b'),
    ['rename a > b'],
  ],
  [
    'a file that was written and deleted is told to be written before',
    (files) => files.write('a'),
    (files) => {
      files.write('a', 5)
      files.unlink('a')
    },
    ['modify a', 'delete a'],
  ],
  [
    'a file that was written and renamed is told to be written where it is',
    (files) => files.write('a'),
    (files) => {
      files.write('a', 5)
      files.rename('a', 'b')
    },
    ['rename a > b', 'modify b'],
  ],
  [
    'a folder that was renamed is followed, and so are the changes in it',
    (files) => {
      files.mkdir('d')
      files.write('d/a')
      files.write('d/b')
    },
    (files) => {
      files.rename('d', 'e')
      files.write('e/a', 1)
      files.rename('e/b', 'e/c')
      files.write('e/f')
    },
    ['rename d > e', 'rename e/b > e/c', 'create e/f', 'modify e/a'],
  ],
  [
    'a file that is cut was modified, also when the kernel calls it an attribute',
    (files) => files.write('a', 5),
    (files) => files.cut('a'),
    ['modify a'],
  ],
  [
    'a file that is cut and gets another mode is both',
    (files) => files.write('a', 5),
    (files) => {
      files.cut('a')
      files.chmod('a', 0o600)
    },
    ['modify a', 'attrib a'],
  ],
  [
    'a mode that is set to what it was is an attrib',
    (files) => files.write('a', 5),
    (files) => files.chmod('a', 0o644),
    ['attrib a'],
  ],
]

test.each(BETWEEN_LOOKS)('between two looks: %s', (_, before, act, events) => {
  const watched = new Watched(before)
  expect(watched.look()).toEqual([])
  act(watched.files)
  expect(watched.look()).toEqual(events)
  expect(watched.look()).toEqual([])
})

test('a rename is told as one when the kernel has spoken only of the folder it came from', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.mkdir('e')
    files.write('d/a')
  })
  const { files } = watched
  let lists = 0
  files.hold()
  files.rename('d/a', 'e/a')
  files.release()
  // The second folder is spoken of while the first is read.
  files.onCall = (call) => {
    if (call === 'list' && ++lists === 1) files.release()
  }
  expect(watched.look()).toEqual(['rename d/a > e/a'])
})

test('a rename is told as one when the kernel has spoken only of the folder it came to', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.mkdir('e')
    files.write('d/a')
  })
  const { files } = watched
  files.write('e/b')
  files.hold()
  files.rename('d/a', 'e/a')
  expect(watched.look()).toEqual(['rename d/a > e/a', 'create e/b'])
  files.release()
  expect(watched.look()).toEqual([])
})

test('a file that takes the number of a deleted one is another file', () => {
  const watched = new Watched((files) => files.write('a'), 'folder')
  watched.files.unlink('a')
  watched.files.write('b')
  expect(watched.look()).toEqual(['delete a', 'create b'])
})

test('a file that cannot be opened is still created and deleted, and never taken for another', () => {
  const watched = new Watched((files) => {
    files.closed.add('a').add('b')
    files.write('a')
  })
  expect(watched.files.openCount).toBe(1)
  watched.files.unlink('a')
  watched.files.write('b')
  expect(watched.look()).toEqual(['delete a', 'create b'])
})

test('a name that goes between being listed and being opened is not told', () => {
  const watched = new Watched()
  const { files } = watched
  files.write('a')
  files.onCall = (call) => {
    if (call !== 'add') return
    files.onCall = () => {}
    files.unlink('a')
  }
  expect(watched.look()).toEqual([])
  expect(files.openCount).toBe(1)
})

test('a name that comes while its folder is read is told by the next look, and nothing is told twice', () => {
  const watched = new Watched()
  const { files } = watched
  files.write('a')
  files.onCall = (call) => {
    if (call !== 'list') return
    files.onCall = () => {}
    files.write('b')
  }
  const told = [...watched.look(), ...watched.look(), ...watched.look()]
  expect(told).toEqual(['create a', 'create b'])
})

test('names that change while the kernel is asked once more are told without being asked for', async () => {
  const watched = new Watched((files) => {
    files.write('a')
    files.mkdir('d')
  })
  const { files } = watched
  let questions = 0
  files.rename('a', '../outside/a')
  files.onCall = (call) => {
    if (call !== 'take' || ++questions !== 2) return
    files.rename('../outside/a', 'd/a')
    files.write('b')
  }
  expect(watched.look()).toEqual(['rename a > d/a'])
  await yieldSlice()
  expect(watched.take()).toEqual(['create b'])
})

test('folders that are read one after the other while they move into each other come right in the end', async () => {
  const watched = new Watched((files) => {
    files.mkdir('x')
    files.mkdir('x/g')
  })
  const { files } = watched
  const mirror = new Mirror('/top', ['x', 'x/g'])
  files.write('x/f')
  files.write('f')
  let lists = 0
  // Between reading `x` and reading the top.
  files.onCall = (call) => {
    if (call !== 'list' || ++lists !== 2) return
    files.rename('x/g', 'g')
    files.rename('x', 'g/x')
  }
  watched.source.read()
  await yieldSlice()
  watched.source.read()
  for (const event of watched.events) mirror.apply(event)
  expect([...mirror.paths].sort()).toEqual(['f', 'g', 'g/x', 'g/x/f'])
  expect(files.openCount).toBe(5)
})

test('when all was told no folder is read again', async () => {
  const watched = new Watched((files) => files.mkdir('d'))
  watched.files.write('a')
  watched.files.write('d/a')
  watched.look()
  let calls = 0
  watched.files.onCall = () => calls++
  await yieldSlice()
  expect(calls).toBe(0)
})

test('more changes than one question to the kernel gives are told in the turns that follow', async () => {
  const names = Array.from({ length: 3_000 }, (_, i) => `f${i}`)
  const watched = new Watched((files) => {
    for (const name of names) files.write(name)
  })
  for (const name of names) watched.files.write(name, 1)
  const told = watched.look()
  expect(told.length).toBeLessThan(names.length)
  for (let turns = 0; turns < 10; turns++) await yieldSlice()
  expect([...told, ...watched.take()].sort()).toEqual(names.map((name) => `modify ${name}`).sort())
})

test('a folder that may not be read is an entry, and nothing is told of what is in it', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.write('d/a')
    files.unreadable.add('d')
  })
  watched.files.write('d/a', 1)
  watched.files.chmod('d', 0o700)
  expect(watched.look()).toEqual(['attrib d'])
})

test('a watched folder that may not be read is refused with EACCES', () => {
  expect(() => new Watched((files) => files.unreadable.add('.'))).toThrow(
    expect.objectContaining({ code: 'EACCES' }),
  )
})

test('without recursion what is in a folder below takes no descriptor and is not told', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.write('d/a')
  }, 'folder')
  expect(watched.files.openCount).toBe(2)
  watched.files.write('d/a', 1)
  watched.files.write('d/b')
  expect(watched.look()).toEqual([])
})

test('of the folder of a watched file nothing is told but its end', () => {
  const watched = new Watched((files) => files.write('f'), 'file')
  watched.files.write('g', 1)
  watched.files.write('f', 1)
  expect(watched.look()).toEqual(['modify f'])
  expect(watched.files.openCount).toBe(2)
  watched.files.unlinkTop()
  expect(watched.look()).toEqual(['delete f'])
  expect(watched.ending).toBe('end')
})

test('a watched folder that is deleted is empty before, and then all is closed', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.write('d/a')
  })
  watched.files.unlinkTop()
  expect(watched.look()).toEqual(['delete d/a', 'delete d', 'delete .'])
  expect(watched.ending).toBe('end')
  expect(watched.isClosed).toBe(true)
  expect(watched.files.openCount).toBe(0)
})

test('what is deleted or moved out is closed', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.write('d/a')
    files.mkdir('e')
    files.write('e/a')
    files.write('f')
  })
  expect(watched.files.openCount).toBe(6)
  watched.files.unlink('d')
  watched.files.rename('e', '../outside/e')
  watched.look()
  expect(watched.files.openCount).toBe(2)
})

test('closing closes every file once, and then nothing is told', () => {
  const watched = new Watched((files) => {
    files.mkdir('d')
    files.write('d/a')
  })
  watched.source.close()
  watched.source.close()
  expect(watched.files.openCount).toBe(0)
  expect(watched.isClosed).toBe(true)
  watched.files.write('b')
  expect(watched.look()).toEqual([])
})

test('a watcher that cannot open all there is leaves nothing open', () => {
  for (let descriptors = 0; descriptors < 6; descriptors++) {
    let made: FakeFiles | undefined
    expect(
      () =>
        new Watched((files) => {
          made = files
          files.mkdir('d')
          files.write('d/a')
          files.write('d/b')
          files.write('e')
          files.descriptorsLeft = descriptors
        }),
    ).toThrow(expect.objectContaining({ code: 'EMFILE' }))
    expect(made?.openCount).toBe(0)
  }
})

test('a watcher that runs out of descriptors later ends with that, and leaves nothing open', () => {
  const watched = new Watched((files) => files.write('a'))
  watched.files.descriptorsLeft = 1
  watched.files.write('b')
  watched.look()
  expect(watched.ending).toMatchObject({ code: 'EMFILE' })
  expect(watched.isClosed).toBe(true)
  expect(watched.files.openCount).toBe(0)
})
