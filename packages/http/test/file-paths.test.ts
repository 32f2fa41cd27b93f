import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@shrapnel/core'
import { type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { files, type Server, serve } from '../src/index.js'
import { ask } from './asked.js'

let folder: TemporaryFolder
let server: Server
let open: Server

beforeAll(async () => {
  folder = await temporaryFolder()
  const root = join(folder.path, 'root')
  const outside = join(folder.path, 'outside')
  for (const path of [
    root,
    outside,
    join(root, 'sub'),
    join(root, '.well-known'),
    join(folder.path, 'root-2'),
  ])
    mkdirSync(path)
  writeFileSync(join(root, 'a.txt'), 'inside')
  writeFileSync(join(root, 'a b;c=1.txt'), 'inside')
  writeFileSync(join(root, 'grüße.txt'), 'inside')
  writeFileSync(join(root, '%2e%2e'), 'inside')
  writeFileSync(join(root, 'back\\slash'), 'inside')
  writeFileSync(join(root, '.hidden'), 'hidden')
  writeFileSync(join(root, '.well-known', 'x'), 'known')
  writeFileSync(join(root, 'sub', 'index.html'), 'index')
  writeFileSync(join(outside, 'secret.txt'), 'SECRET')
  writeFileSync(join(folder.path, 'root-2', 'secret.txt'), 'SECRET')
  symlinkSync('a.txt', join(root, 'link-inside.txt'))
  symlinkSync(join(outside, 'secret.txt'), join(root, 'link-out.txt'))
  symlinkSync('../root-2', join(root, 'link-neighbour'))
  symlinkSync(outside, join(root, 'link-folder'))
  symlinkSync('..', join(root, 'link-up'))
  symlinkSync('/proc/self/environ', join(root, 'link-proc'))
  symlinkSync('/dev/zero', join(root, 'link-device'))
  symlinkSync('link-loop', join(root, 'link-loop'))
  linkSync(join(root, 'a.txt'), join(root, 'hard.txt'))
  await run('mkfifo', [join(root, 'fifo')])
  server = await serve({ port: 0 }, files(root))
  open = await serve({ port: 0 }, files(root, { outsideLinks: true, dotFiles: ['.well-known'] }))
})
afterAll(async () => {
  await server.stop()
  await open.stop()
  await folder.remove()
})

/** What a path comes to; nothing of it may hold the secret. */
const hostile: readonly (readonly [why: string, target: string, status: number])[] = [
  ['a file', '/a.txt', 200],
  ['a file by another form of its name', '/%61%2etxt', 200],
  ['a name with a space, a semicolon and an equals sign', '/a%20b;c=1.txt', 200],
  ['a name that is no ASCII', '/gr%C3%BC%C3%9Fe.txt', 200],
  ['a query', '/a.txt?../../x', 200],
  ['a link that stays inside', '/link-inside.txt', 200],
  ['a hard link', '/hard.txt', 200],
  ['decoded once, and no more', '/%252e%252e', 200],
  ['the folder above', '/..', 404],
  ['a file above', '/../outside/secret.txt', 404],
  ['a file above, from a folder', '/sub/../../outside/secret.txt', 404],
  ['a way that comes back', '/sub/../a.txt', 404],
  ['dots that are encoded', '/%2e%2e/outside/secret.txt', 404],
  ['one dot that is encoded', '/.%2E/outside/secret.txt', 404],
  ['dots that are encoded twice', '/%252e%252e/outside/secret.txt', 404],
  ['a slash that is encoded', '/..%2foutside%2Fsecret.txt', 404],
  ['a slash that is encoded, inside', '/sub%2Findex.html', 404],
  ['backslashes', '/..\\outside\\secret.txt', 404],
  ['backslashes that are encoded', '/..%5coutside%5Csecret.txt', 404],
  ['a backslash in a name that there is', '/back%5Cslash', 404],
  ['an overlong dot', '/%c0%ae%c0%ae/outside/secret.txt', 400],
  ['an overlong slash', '/..%c0%afoutside/secret.txt', 400],
  ['an overlong slash of three bytes', '/..%e0%80%afoutside/secret.txt', 400],
  ['a full-width slash', '/..%ef%bc%8foutside/secret.txt', 404],
  ['half a surrogate', '/%ed%a0%80', 400],
  ['bytes that are no UTF-8', '/%ff%fe', 400],
  ['a per cent sign alone', '/%', 400],
  ['a per cent sign and one digit', '/a%2', 400],
  ['a per cent sign and no digits', '/%zz', 400],
  ['the form of IIS', '/%u002e%u002e/outside/secret.txt', 400],
  ['a NUL', '/a.txt%00', 400],
  ['a NUL before another end', '/../outside/secret.txt%00.html', 400],
  ['two slashes', '//a.txt', 404],
  ['two slashes between', '/sub//index.html', 404],
  ['two slashes and a host', '//example.com/%2e%2e', 404],
  ['an encoded slash at the beginning', '/%2fetc/passwd', 404],
  ['a dot', '/./a.txt', 404],
  ['a dot that is encoded', '/%2e/a.txt', 404],
  ['three dots', '/.../a.txt', 404],
  ['parameters of a path', '/..;/outside/secret.txt', 404],
  ['a drive', '/C:/Windows/win.ini', 404],
  ['a drive and a backslash', '/C:%5cWindows%5cwin.ini', 404],
  ['a UNC path', '/%5c%5chost%5cshare', 404],
  ['a stream of NTFS', '/a.txt::$DATA', 404],
  ['a dot at the end', '/a.txt.', 404],
  ['a space at the end', '/a.txt%20', 404],
  ['a device of DOS', '/con', 404],
  ['a tilde', '/~root/a.txt', 404],
  ['a file as a folder', '/a.txt/', 404],
  ['a file below a file', '/a.txt/b', 404],
  ['a hidden file', '/.hidden', 404],
  ['a hidden file, encoded', '/%2ehidden', 404],
  ['a hidden folder', '/.well-known/x', 404],
  ['a link to a file outside', '/link-out.txt', 404],
  ['a file behind a link to a folder outside', '/link-folder/secret.txt', 404],
  ['a link to a folder outside, which says nothing about it', '/link-folder', 404],
  ['a folder whose name begins as the root does', '/link-neighbour/secret.txt', 404],
  ['a link to the folder above', '/link-up/outside/secret.txt', 404],
  ['a link that leads out and in again is inside', '/link-up/root/a.txt', 200],
  ['a link into /proc', '/link-proc', 404],
  ['a link to a device', '/link-device', 404],
  ['a link to itself', '/link-loop', 404],
  ['a FIFO, which would wait', '/fifo', 404],
  ['a name that is too long', `/${'a'.repeat(256)}`, 404],
  ['a name of 255 letters and 510 bytes', `/${'%C3%BC'.repeat(255)}`, 404],
  ['a path that is too long', `/${'a/'.repeat(3_000)}`, 404],
  ['another form of target', 'http://localhost/../outside/secret.txt', 404],
  ['another form of target, well', 'http://localhost/a.txt', 200],
]

describe('never outside of its root', () => {
  test.each(hostile)('%s', async (_why, target, status) => {
    const answer = await ask(server.port, target)
    expect([answer.status, answer.body.toString()]).toEqual([
      status,
      status === 200 ? 'inside' : `${status === 400 ? 'Bad Request' : 'Not Found'}\n`,
    ])
    const headAnswer = await ask(server.port, target, {}, 'HEAD')
    expect([headAnswer.status, headAnswer.body.length]).toEqual([status, 0])
  })

  test('unless it is asked to follow links and to give some hidden files', async () => {
    expect((await ask(open.port, '/link-folder/secret.txt')).body.toString()).toBe('SECRET')
    expect((await ask(open.port, '/.well-known/x')).body.toString()).toBe('known')
    expect((await ask(open.port, '/.hidden')).status).toBe(404)
    expect((await ask(open.port, '/link-device')).status).toBe(404)
    expect((await ask(open.port, '/../outside/secret.txt')).status).toBe(404)
  })
})
