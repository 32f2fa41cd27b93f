/** What watch() promises on every kernel, as a table: what is done to files, and what has to be told of it. */
import type { Place } from './sight.js'

type Step = readonly [act: (place: Place) => void, ...events: string[]]

export interface Law {
  readonly law: string
  /** What is watched: the folder `top`, that and all below it, or the file `f` in it. */
  readonly watched: 'folder' | 'tree' | 'file'
  readonly before?: (place: Place) => void
  /** Each is done when the events of the one before have been told. */
  readonly steps: readonly Step[]
  /** The last event is the end. */
  readonly end?: boolean
}

export const LAWS: readonly Law[] = [
  {
    law: 'a file, a folder and a symlink to nowhere are created',
    watched: 'folder',
    steps: [
      [(at) => at.write('f'), 'create f'],
      [(at) => at.mkdir('d'), 'create d'],
      [(at) => at.symlink('nowhere', 'l'), 'create l'],
    ],
  },
  {
    law: 'a write and a cut modify',
    watched: 'folder',
    before: (at) => at.write('f', 'text'),
    steps: [
      [(at) => at.append('f'), 'modify f'],
      [(at) => at.write('f'), 'modify f'],
    ],
  },
  {
    law: 'a change of mode is an attrib, of a file and of a folder',
    watched: 'folder',
    before: (at) => {
      at.write('f')
      at.mkdir('d')
    },
    steps: [
      [(at) => at.chmod('f', 0o600), 'attrib f'],
      [(at) => at.chmod('d', 0o700), 'attrib d'],
    ],
  },
  {
    law: 'a file is deleted, and created again, and deleted again',
    watched: 'folder',
    before: (at) => at.write('f'),
    steps: [
      [(at) => at.remove('f'), 'delete f'],
      [(at) => at.write('f'), 'create f'],
      [(at) => at.append('f'), 'modify f'],
      [(at) => at.remove('f'), 'delete f'],
    ],
  },
  {
    law: 'a rename has both names, and what had the new one goes without a word',
    watched: 'folder',
    before: (at) => {
      at.write('f', 'text')
      at.write('h')
    },
    steps: [
      [(at) => at.rename('f', 'g'), 'rename f > g'],
      [(at) => at.append('g'), 'modify g'],
      [(at) => at.rename('g', 'h'), 'rename g > h'],
      [(at) => at.append('h'), 'modify h'],
    ],
  },
  {
    law: 'what is moved out is deleted, what is moved in is created',
    watched: 'folder',
    before: (at) => at.write('f'),
    steps: [
      [(at) => at.rename('f', '../outside/f'), 'delete f'],
      [(at) => at.rename('../outside/f', 'g'), 'create g'],
    ],
  },
  {
    law: 'of a folder in the folder its own coming and going is told, and not what is in it',
    watched: 'folder',
    before: (at) => at.mkdir('d'),
    steps: [
      [
        (at) => {
          at.write('d/x')
          at.append('d/x')
          at.remove('d/x')
          at.write('f')
        },
        'create f',
      ],
      [(at) => at.rename('d', 'e'), 'rename d > e'],
      [(at) => at.remove('e'), 'delete e'],
    ],
  },
  {
    law: 'the folder itself is deleted, which is the end',
    watched: 'folder',
    steps: [[(at) => at.remove('.'), 'delete .']],
    end: true,
  },
  {
    law: 'the folder itself is renamed, which is the end',
    watched: 'tree',
    steps: [[(at) => at.rename('.', '../outside/top'), 'delete .']],
    end: true,
  },
  {
    law: 'a file is watched by its name: deleted and created again, its changes go on being told',
    watched: 'file',
    before: (at) => at.write('f'),
    steps: [
      [(at) => at.append('f'), 'modify f'],
      [(at) => at.chmod('f', 0o600), 'attrib f'],
      [(at) => at.remove('f'), 'delete f'],
      [(at) => at.write('f'), 'create f'],
      [(at) => at.append('f'), 'modify f'],
    ],
  },
  {
    law: 'a file that is replaced by a rename, as editors do it, is created, and its changes go on being told',
    watched: 'file',
    before: (at) => at.write('f'),
    steps: [
      [
        (at) => {
          at.write('f.new', 'text')
          at.rename('f.new', 'f')
        },
        'create f',
      ],
      [(at) => at.append('f'), 'modify f'],
    ],
  },
  {
    law: 'a file that is renamed is deleted, and created when it comes back',
    watched: 'file',
    before: (at) => at.write('f'),
    steps: [
      [(at) => at.rename('f', 'g'), 'delete f'],
      [
        (at) => {
          at.append('g')
          at.rename('g', 'f')
        },
        'create f',
      ],
      [(at) => at.append('f'), 'modify f'],
    ],
  },
  {
    law: 'of the other files in its folder nothing is told',
    watched: 'file',
    before: (at) => at.write('f'),
    steps: [
      [
        (at) => {
          at.write('other')
          at.mkdir('d')
          at.write('d/f')
          at.remove('other')
          at.append('f')
        },
        'modify f',
      ],
    ],
  },
  {
    law: 'the folder of a file is deleted with it, which is the end',
    watched: 'file',
    before: (at) => at.write('f'),
    steps: [[(at) => at.remove('.'), 'delete f']],
    end: true,
  },
  {
    law: 'folders made at once and a file in the last are each created once',
    watched: 'tree',
    steps: [
      [
        (at) => {
          at.mkdir('a/b/c')
          at.write('a/b/c/f')
        },
        'create a',
        'create a/b',
        'create a/b/c',
        'create a/b/c/f',
      ],
      [(at) => at.append('a/b/c/f'), 'modify a/b/c/f'],
      [(at) => at.remove('a/b/c/f'), 'delete a/b/c/f'],
    ],
  },
  {
    law: 'changes in folders that were there, at any depth',
    watched: 'tree',
    before: (at) => {
      at.mkdir('a/b/c')
      at.write('a/b/c/f')
    },
    steps: [
      [(at) => at.append('a/b/c/f'), 'modify a/b/c/f'],
      [(at) => at.write('a/g'), 'create a/g'],
      [(at) => at.chmod('a/b', 0o700), 'attrib a/b'],
    ],
  },
  {
    law: 'a rename from one folder to another has both names',
    watched: 'tree',
    before: (at) => {
      at.mkdir('a')
      at.mkdir('b')
      at.write('a/f')
    },
    steps: [
      [(at) => at.rename('a/f', 'b/g'), 'rename a/f > b/g'],
      [(at) => at.append('b/g'), 'modify b/g'],
    ],
  },
  {
    law: 'a renamed folder is watched under its new name',
    watched: 'tree',
    before: (at) => {
      at.mkdir('a/b')
      at.mkdir('d')
    },
    steps: [
      [(at) => at.rename('a', 'z'), 'rename a > z'],
      [(at) => at.write('z/b/f'), 'create z/b/f'],
      [(at) => at.rename('z/b', 'd/b'), 'rename z/b > d/b'],
      [(at) => at.append('d/b/f'), 'modify d/b/f'],
      [(at) => at.mkdir('z/b'), 'create z/b'],
    ],
  },
  {
    law: 'a folder that is moved out is deleted, and what happens there is not told',
    watched: 'tree',
    before: (at) => {
      at.mkdir('a/b')
      at.write('a/b/f')
    },
    steps: [
      [(at) => at.rename('a', '../outside/a'), '?delete a/b/f', '?delete a/b', 'delete a'],
      [
        (at) => {
          at.write('../outside/a/b/g')
          at.write('f')
        },
        'create f',
      ],
    ],
  },
  {
    law: 'a folder that is moved in is created with all that is in it, and watched',
    watched: 'tree',
    before: (at) => {
      at.mkdir('../outside/a/b')
      at.write('../outside/a/b/f')
    },
    steps: [
      [(at) => at.rename('../outside/a', 'a'), 'create a', 'create a/b', 'create a/b/f'],
      [(at) => at.append('a/b/f'), 'modify a/b/f'],
      [(at) => at.remove('a/b/f'), 'delete a/b/f'],
    ],
  },
  {
    law: 'a folder that is deleted with all that is in it is deleted, and may come again',
    watched: 'tree',
    before: (at) => {
      at.mkdir('a/b')
      at.write('a/b/f')
    },
    steps: [
      [(at) => at.remove('a'), '?delete a/b/f', '?delete a/b', 'delete a'],
      [(at) => at.mkdir('a'), 'create a'],
      [(at) => at.write('a/f'), 'create a/f'],
    ],
  },
  {
    law: 'a symlink to a folder is an entry and is not followed',
    watched: 'tree',
    steps: [
      [(at) => at.symlink('../outside', 'l'), 'create l'],
      [
        (at) => {
          at.write('l/x')
          at.write('f')
        },
        'create f',
      ],
    ],
  },
]
