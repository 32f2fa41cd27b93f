import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect, type NetConnectOpts } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../src/child-program.js'
import { freePort } from '../src/free-port.js'
import { groupEnded } from '../src/process-group.js'
import { type ServerOptions, startServer } from '../src/real-server.js'

const program = (name: string) => fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url))

const nodeServer = (...wishes: string[]): ServerOptions => ({
  command: process.execPath,
  args: [program('port-server'), ...wishes],
  ready: { line: /^listening on (?<port>\d+)$/ },
})

/** What the server answers to `message`, once it has ended its side. */
async function ask(to: NetConnectOpts, message: string): Promise<string> {
  const socket = connect(to)
  socket.end(message)
  return await text(socket)
}

describe('startServer', () => {
  test('a server on a port of the kernel’s is ready, and its port known, when it says so', async () => {
    await using server = await startServer(nodeServer())
    expect(server.port).toBeGreaterThan(0)
    expect(await ask({ port: server.port, host: '127.0.0.1' }, 'hello')).toBe('hello')
    expect(server.output()).toBe(`cwd ${server.folder}\nlistening on ${server.port}\n`)
  })

  test('a server on a port that we chose is ready when it accepts', async () => {
    const port = await freePort()
    await using server = await startServer({
      command: 'socat',
      args: [`TCP-LISTEN:${port},bind=127.0.0.1,fork`, 'SYSTEM:cat'],
      ready: { port },
    })
    expect(server.port).toBe(port)
    expect(await ask({ port, host: '127.0.0.1' }, 'through socat')).toBe('through socat')
  })

  test('a server on a UNIX socket in its folder is ready when it accepts', async () => {
    await using server = await startServer({
      command: 'socat',
      args: (folder) => [`UNIX-LISTEN:${join(folder, 'it.sock')},fork`, 'SYSTEM:cat'],
      ready: { unixPath: 'it.sock' },
    })
    expect(await ask({ path: join(server.folder, 'it.sock') }, 'over a path')).toBe('over a path')
    expect(() => server.port).toThrow('socat was not started with a TCP port')
  })

  test('its configuration is written into the folder before it starts', async () => {
    await using server = await startServer({
      command: 'sh',
      args: ['-c', 'cat config; sleep 60'],
      prepare: (folder) => writeFile(join(folder, 'config'), 'all set\n'),
      ready: { line: /all set/ },
    })
    expect(server.output()).toBe('all set\n')
  })

  test('half a line is not the line', async () => {
    await using server = await startServer({
      command: 'sh',
      args: ['-c', 'printf "port 12"; sleep 0.2; printf "34\\n"; sleep 60'],
      ready: { line: /port (?<port>\d+)/ },
    })
    expect(server.port).toBe(1234)
  })

  test('a server can run as another user, who owns the folder', async () => {
    // Only root can become somebody else; anybody can become himself.
    const uid = process.getuid?.() === 0 ? 65534 : (process.getuid?.() ?? 0)
    const gid = process.getgid?.() === 0 ? 65534 : (process.getgid?.() ?? 0)
    await using server = await startServer({
      command: 'sh',
      args: ['-c', 'echo touched >> file && id -u; sleep 60'],
      prepare: async (folder) => writeFileSync(join(folder, 'file'), 'made '),
      runAs: { uid, gid },
      ready: { line: /^\d+$/ },
    })
    expect(server.output()).toBe(`${uid}\n`)
    expect(readFileSync(join(server.folder, 'file'), 'utf8')).toBe('made touched\n')
  })
})

describe('a server that does not come up', () => {
  test('one that ends early is an error with its code and its output', async () => {
    const starting = startServer({
      command: 'sh',
      args: ['-c', 'echo no config here >&2; exit 7'],
      ready: { port: await freePort() },
    })
    await expect(starting).rejects.toMatchObject({ code: 'exited-early', output: 'no config here\n' })
    await expect(starting).rejects.toThrow(/code 7.*\n.*\nno config here/)
  })

  test('one that is not ready in time is stopped, and the error holds its output', async () => {
    const starting = startServer({
      command: 'sh',
      args: ['-c', 'echo $$; exec sleep 60'],
      ready: { line: /never/ },
      readyTimeoutMs: 300,
    })
    const error = await starting.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'not-ready', output: expect.stringMatching(/^\d+\n$/) })
    const pid = Number(Reflect.get(error as object, 'output'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('one that is not installed is an error that names the Debian package', async () => {
    const starting = startServer({ command: '/nowhere/slapd', ready: { port: 1 } })
    await expect(starting).rejects.toMatchObject({ code: 'missing-command' })
    await expect(starting).rejects.toThrow('Debian package slapd')
  })

  test('one whose program cannot be executed is an error', async () => {
    const starting = startServer({
      command: 'sh',
      cwd: '/no/such/folder',
      ready: { port: 1 },
    })
    await expect(starting).rejects.toMatchObject({ code: 'exited-early', cause: { code: 'ENOENT' } })
  })

  test('its folder goes when the preparation fails', async () => {
    let made = ''
    const starting = startServer({
      command: 'sh',
      prepare: async (folder) => {
        made = folder
        throw new Error('no template')
      },
      ready: { port: 1 },
    })
    await expect(starting).rejects.toThrow('no template')
    expect(made).not.toBe('')
    expect(existsSync(made)).toBe(false)
  })
})

describe('a program that is spoken to', () => {
  const shell = (script: string): ServerOptions => ({
    command: 'sh',
    args: ['-c', `echo up; ${script}`],
    input: 'pipe',
    ready: { started: true },
  })

  test('it reads what is written, and its answer can be waited for', async () => {
    await using server = await startServer(shell('read -r word; echo "got $word"; cat; exit 3'))
    server.write('one\n')
    expect((await server.until(/^got (.*)$/))[1]).toBe('one')
    server.write('two\n')
    await server.until(/^two$/)
    server.endInput()
    expect(await server.ended()).toEqual({ code: 3, signal: null })
  })

  test('the last words of one that ends are found', async () => {
    await using server = await startServer(shell('echo last words'))
    expect((await server.until(/^last/))[0]).toBe('last')
  })

  test('an answer that never comes is an error, sooner if the program ends', async () => {
    await using server = await startServer(shell('read -r word'))
    await server.until(/up/)
    await expect(server.until(/never/, 50)).rejects.toMatchObject({ code: 'not-ready', output: 'up\n' })
    await expect(server.ended(50)).rejects.toMatchObject({ code: 'program-timeout', output: 'up\n' })
    server.endInput()
    await expect(server.until(/never/)).rejects.toMatchObject({ code: 'exited-early', output: 'up\n' })
  })

  test('what is written to one that has ended is lost', async () => {
    await using server = await startServer(shell('exit'))
    await server.ended()
    server.write('too late\n')
    server.endInput()
    expect(server.output()).toBe('up\n')
  })

  test('one that was started without a pipe cannot be written to', async () => {
    await using server = await startServer(nodeServer())
    expect(() => server.write('hello')).toThrow("without input: 'pipe'")
  })
})

describe('stop', () => {
  test('it ends the server, all it has started, and the folder', async () => {
    const server = await startServer(nodeServer('child'))
    const child = Number(/^child (\d+)$/m.exec(server.output())?.[1])
    expect(process.kill(child, 0)).toBe(true)
    await server.stop()
    expect(await groupEnded(server.pid, 0)).toBe(true)
    expect(existsSync(server.folder)).toBe(false)
  })

  test('a server that ignores the signal is killed after its grace', async () => {
    const server = await startServer({ ...nodeServer('stubborn', 'child'), stopTimeoutMs: 200 })
    await server.stop()
    expect(server.output()).toContain('not yet')
    expect(await groupEnded(server.pid, 0)).toBe(true)
  })

  test('the signal is the one asked for', async () => {
    const server = await startServer({
      command: 'sh',
      args: ['-c', 'trap "echo interrupted; exit 0" INT; echo up; while :; do sleep 0.05; done'],
      ready: { line: /up/ },
      stopSignal: 'SIGINT',
    })
    await server.stop()
    expect(server.output()).toBe('up\ninterrupted\n')
  })

  test('stopping twice, or after the server ended by itself, does no harm', async () => {
    const server = await startServer(nodeServer())
    process.kill(server.pid, 'SIGKILL')
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
    expect(existsSync(server.folder)).toBe(false)
  })
})

describe('a test process that forgets its server', () => {
  test.each(['exit', 'throw', 'be killed'])(
    'takes it and its folder along when it ends by "%s"',
    async (ending) => {
      const { stdout } = await runProgram(program('dies-with-a-server'), { args: [ending] })
      const [pid, folder = ''] = stdout.trim().split(' ')
      expect(folder).toMatch(/shrapnel-/)
      expect(await groupEnded(Number(pid), 5_000)).toBe(true)
      // The guard removes the folder right after the group; waiting for its own end is not ours to do.
      await expect.poll(() => existsSync(folder), { timeout: 5_000, interval: 10 }).toBe(false)
    },
  )
})
