// Asks the system's getaddrinfo and our lookup the same, in a mount and network namespace of its own whose /etc is the scenario's.
// Prints for each question what both said, and which names they asked a server for.
import { execFileSync } from 'node:child_process'
import { promises as dns } from 'node:dns'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemResolver } from '@shrapnel/dns'
import { startResponder } from './responder.mjs'

const scenarios = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })

run('ip', 'link', 'set', 'lo', 'up')
for (const address of ['192.0.2.1/24', '2001:db8::1/64', 'fd00::1/64'])
  run('ip', 'addr', 'add', address, 'dev', 'lo')
run('ip', 'route', 'add', 'default', 'dev', 'lo')
run('ip', '-6', 'route', 'add', 'default', 'dev', 'lo')

const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
const files = {}
for (const name of ['resolv.conf', 'hosts', 'nsswitch.conf', 'host.conf', 'gai.conf']) {
  files[name] = join(folder, name)
  writeFileSync(files[name], name === 'host.conf' ? 'multi on\n' : '')
  try {
    run('mount', '--bind', files[name], `/etc/${name}`)
  } catch (error) {
    // Not every system has all of them.
    if (name === 'resolv.conf' || name === 'hosts') throw error
  }
}

const responder = await startResponder('127.0.0.1', 53)
const results = []
for (const { resolvConf, hosts, nsswitch = 'hosts: files dns\n', table, questions } of scenarios) {
  writeFileSync(files['resolv.conf'], resolvConf)
  writeFileSync(files.hosts, hosts)
  writeFileSync(files['nsswitch.conf'], nsswitch)
  responder.table = table
  for (const [host, family] of questions) {
    const isReverse = family === 'reverse'
    const system = await outcome(() =>
      isReverse ? systemName(host) : dns.lookup(host, { family, all: true, verbatim: true }),
    )
    const theirs = { ...system, asked: names(responder.asked.splice(0)) }
    // A new one for each: what it remembers would not be asked for.
    const resolver = new SystemResolver()
    const found = await outcome(() =>
      isReverse ? ourName(resolver, host) : resolver.lookup(host, { family }),
    )
    resolver.close()
    const ours = { ...found, asked: names(responder.asked.splice(0)) }
    results.push({ host, family, theirs, ours })
  }
}
responder.close()
console.log(JSON.stringify(results))

async function outcome(look) {
  try {
    return { addresses: [...new Set((await look()).map(({ address }) => address))] }
  } catch (error) {
    // Which of two codes says that a literal is of the other family is no matter.
    return { code: error.code === 'EAI_ADDRFAMILY' ? 'ENOTFOUND' : error.code }
  }
}

/** Each name once: which of its types came first, and how often, is no matter of the search. */
function names(asked) {
  return asked.map((each) => each.split(' ')[0].toLowerCase()).filter((name, i, all) => name !== all[i - 1])
}

async function systemName(address) {
  return [{ address: (await dns.lookupService(address, 80)).hostname }]
}

async function ourName(resolver, address) {
  return [{ address: (await resolver.reverse(address))[0] }]
}
