// Runs a program in a network and mount namespace of its own (`unshare -Urnm`), whose name server is ours and knows example.com.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@shrapnel/core'
import { serve, zone } from '@shrapnel/dns'

const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
const resolvConf = join(folder, 'resolv.conf')
writeFileSync(resolvConf, 'nameserver 127.0.0.1\n')
execFileSync('ip', ['link', 'set', 'lo', 'up'])
execFileSync('mount', ['--bind', resolvConf, '/etc/resolv.conf'])

const example = zone(`
$ORIGIN example.com.
$TTL 300
@ SOA ns hostmaster 1 7200 3600 1209600 60
@ NS ns
@ A 192.0.2.80
@ AAAA 2001:db8::80
@ MX 10 mail
@ MX 20 backup
ns A 127.0.0.1
mail A 192.0.2.25
`)
const server = await serve({ port: 53 }, example)
const { stdout, stderr, code } = await run(process.execPath, process.argv.slice(2))
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = code ?? 1
server.close()
rmSync(folder, { recursive: true })
