/** What a process's streams are is known from its options. Checked by the compiler; the test only runs it. */
import { expectTypeOf, test } from 'vitest'
import { type Pipe, type Process, type StartOptions, start } from '../../src/index.js'

test('a stream that was piped is a Pipe, another null, and one that nobody knows either', async () => {
  await using plain = start('true')
  expectTypeOf(plain.stdin).toEqualTypeOf<Pipe>()
  await using chosen = start('true', [], { stdin: 'ignore', stdout: 'pipe', stderr: 2 })
  expectTypeOf(chosen.stdin).toEqualTypeOf<null>()
  expectTypeOf(chosen.stdout).toEqualTypeOf<Pipe>()
  expectTypeOf(chosen.stderr).toEqualTypeOf<null>()
  const options: StartOptions = { stdin: 'ignore' }
  await using unknown = start('true', [], options)
  expectTypeOf(unknown.stdin).toEqualTypeOf<Pipe | null>()
  const any: Process[] = [plain, chosen, unknown]
  expectTypeOf(any[0]).toEqualTypeOf<Process | undefined>()
})
