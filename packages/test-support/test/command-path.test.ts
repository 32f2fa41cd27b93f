import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandPath } from '../src/command-path.js'
import { debianPackageFor } from '../src/debian-packages.js'
import { temporaryFolder } from '../src/temporary-folder.js'

describe('commandPath', () => {
  test('a name is looked for in PATH', () => {
    expect(commandPath('sh')).toMatch(/^\/.*\/sh$/)
  })

  test('a path stays itself', () => {
    expect(commandPath(process.execPath)).toBe(process.execPath)
  })

  test('a command that the table knows is missing with the name of its Debian package', async () => {
    await using folder = await temporaryFolder()
    expect(() => commandPath(join(folder.path, 'slapd'))).toThrow(
      expect.objectContaining({
        code: 'missing-command',
        message: expect.stringContaining('Debian package slapd'),
      }),
    )
  })

  test('a command that the table does not know is missing all the same', () => {
    expect(() => commandPath('no-such-command-here')).toThrow(
      expect.objectContaining({ code: 'missing-command' }),
    )
  })

  test('a file that may not be executed and a folder are no commands', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'nginx')
    await writeFile(file, '#!/bin/sh\n')
    await chmod(file, 0o644)
    expect(() => commandPath(file)).toThrow('Debian package nginx-light')
    expect(() => commandPath(folder.path)).toThrow('there is no command')
    await chmod(file, 0o755)
    expect(commandPath(file)).toBe(file)
  })
})

describe('debianPackageFor', () => {
  test.each([
    ['socat', 'socat'],
    ['/usr/sbin/named', 'bind9'],
    ['psql', 'postgresql-client'],
    ['postgres', 'postgresql'],
    ['mariadbd', 'mariadb-server'],
    ['rabbitmq-server', 'rabbitmq-server'],
  ])('%s comes with %s', (command, name) => {
    expect(debianPackageFor(command)).toBe(name)
  })

  test('what is in no table has no package, not even if an object has such a property', () => {
    expect(debianPackageFor('frobnicate')).toBeUndefined()
    expect(debianPackageFor('constructor')).toBeUndefined()
  })
})
