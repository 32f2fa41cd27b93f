/** Signs zones with BIND's tools, for servers of any kind and for who validates. Keys are new each time and are not kept. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandPath } from './command-path.js'
import { runCommand } from './command-run.js'
import { absolute } from './dns-zones.js'
import { TestSupportError } from './errors.js'
import { temporaryFolder } from './temporary-folder.js'

export interface SignedZone {
  /** The zone with DNSKEY, RRSIG and NSEC or NSEC3 records. */
  readonly text: string
  /** The DS record of its key-signing key, as in a zone file. */
  readonly ds: string
}

export async function signZone(
  origin: string,
  text: string,
  { nsec3 = false }: { readonly nsec3?: boolean | undefined } = {},
): Promise<SignedZone> {
  const folder = await temporaryFolder()
  try {
    const run = async (command: string, args: readonly string[]): Promise<void> => {
      const options = { args, cwd: folder.path, env: { OPENSSL_CONF: '/dev/null', LD_PRELOAD: undefined } }
      const { code, stdout, stderr } = await runCommand(commandPath(command), options, command)
      if (code === 0) return
      throw new TestSupportError('command-failed', `${command} ended with ${code}`, {
        output: stdout + stderr,
      })
    }
    await writeFile(join(folder.path, 'zone'), text)
    await run('dnssec-keygen', ['-q', '-a', 'ECDSAP256SHA256', '-f', 'KSK', origin])
    await run('dnssec-keygen', ['-q', '-a', 'ECDSAP256SHA256', origin])
    const denial = nsec3 ? ['-3', 'aabbccdd', '-H', '0'] : []
    await run('dnssec-signzone', [
      '-q',
      '-S',
      '-O',
      'full',
      ...denial,
      '-o',
      absolute(origin),
      '-f',
      'signed',
      'zone',
    ])
    return {
      text: await readFile(join(folder.path, 'signed'), 'utf8'),
      ds: (await readFile(join(folder.path, `dsset-${absolute(origin)}`), 'utf8')).trim(),
    }
  } finally {
    await folder.remove()
  }
}
