/**
 * Makes named.json and every-type.json in test/wire/fixtures: starts named with shop.zone, plain and signed, and with every-type.zone, asks it what clients ask, and writes down queries and
 * replies byte by byte. Needs bind9 and bind9-utils. The signatures are new each time; nothing in the tests depends on them.
 */
import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { encodeMessage, parseZone } from '@shrapnel/dns/wire'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../test/wire/fixtures')
const folder = mkdtempSync(join(tmpdir(), 'capture-'))
const port = 20_000 + randomInt(20_000)

/** Name, type, and whether the answer is to have its signatures. */
const QUESTIONS = [
  ['example.com', 'A'],
  ['example.com', 'AAAA'],
  ['eXaMPle.cOM', 'MX'],
  ['example.com', 'NS'],
  ['example.com', 'SOA'],
  ['example.com', 'TXT'],
  ['example.com', 'CAA'],
  ['example.com', 'NAPTR'],
  ['www.example.com', 'A'],
  ['www.example.com', 'AAAA'],
  ['api.example.com', 'A'],
  ['api.example.com', 'AAAA'],
  ['selector1._domainkey.example.com', 'TXT'],
  ['_dmarc.example.com', 'TXT'],
  ['_sip._tcp.example.com', 'SRV'],
  ['_443._tcp.www.example.com', 'TLSA'],
  ['host.example.com', 'SSHFP'],
  ['svc.example.com', 'HTTPS'],
  ['_dns.example.com', 'SVCB'],
  ['10.example.com', 'PTR'],
  ['deep.sub.example.com', 'A'],
  ['no-such-host.example.com', 'A'],
  ['x.wild.example.com', 'A'],
  ['example.org', 'A'],
  ['example.com', 'A', true],
  ['example.com', 'DNSKEY', true],
  ['sub.example.com', 'DS', true],
  ['no-such-host.example.com', 'A', true],
  ['example.com', 'NSEC3PARAM', true],
]

async function ask(query) {
  const socket = createSocket('udp4')
  const reply = new Promise((resolve) => socket.once('message', resolve))
  socket.send(query, port, '127.0.0.1')
  const bytes = await Promise.race([reply, sleep(300)])
  socket.close()
  return bytes
}

const queryFor = (name, type, dnssecOk = false) =>
  encodeMessage({
    id: randomInt(65_536),
    isResponse: false,
    opcode: 'QUERY',
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    isAuthenticData: false,
    checkingDisabled: false,
    rcode: 'NOERROR',
    questions: [{ name, type, class: 'IN' }],
    answers: [],
    authorities: [],
    additionals: [],
    edns: { udpPayloadBytes: 1232, version: 0, dnssecOk, options: [] },
  })

function signZone() {
  const keygen = (...flags) =>
    execFileSync('dnssec-keygen', ['-q', '-a', 'ECDSAP256SHA256', '-K', folder, ...flags, 'example.com'])
  keygen()
  keygen('-f', 'KSK')
  copyFileSync(join(fixtures, 'shop.zone'), join(folder, 'zone'))
  execFileSync('dnssec-signzone', [
    '-q',
    '-S',
    '-K',
    folder,
    '-d',
    folder,
    '-o',
    'example.com',
    join(folder, 'zone'),
  ])
}

/** Everything in every-type.zone but what a name server puts into place of the rest. */
function everyType() {
  const records = parseZone(readFileSync(join(fixtures, 'every-type.zone'), 'utf8'))
  const pairs = records.map(({ name, type }) => `${name.toLowerCase()} ${type}`)
  return [...new Set(pairs)].map((pair) => pair.split(' ')).filter(([name]) => !name.startsWith('2t7b4'))
}

async function capture(file, questions, origin = 'example.com') {
  const options = `directory "${folder}"; pid-file "${folder}/pid"; session-keyfile "${folder}/key"; listen-on port ${port} { 127.0.0.1; };`
  const quiet = 'listen-on-v6 { none; }; recursion no; minimal-responses no; rrset-order { order fixed; };'
  const zone = `zone "${origin}" { type primary; file "${file}"; check-integrity no; check-names ignore; };`
  writeFileSync(join(folder, 'named.conf'), `options { ${options} ${quiet} };\ncontrols { };\n${zone}\n`)
  const named = spawn('named', ['-f', '-c', join(folder, 'named.conf')], { stdio: 'ignore' })
  const messages = []
  try {
    for (const [name, type, dnssecOk] of questions) {
      const query = queryFor(name, type, dnssecOk)
      let reply
      for (let i = 0; i < 30 && reply === undefined; i++) reply = await ask(query)
      if (reply === undefined) throw new Error(`no reply to ${name} ${type}`)
      messages.push({ name, type, query: query.toString('hex'), reply: reply.toString('hex') })
    }
  } finally {
    named.kill()
    await new Promise((resolve) => named.once('exit', resolve))
  }
  return messages
}

try {
  signZone()
  const plain = await capture(
    join(fixtures, 'shop.zone'),
    QUESTIONS.filter(([, , signed]) => !signed),
  )
  const signed = await capture(
    join(folder, 'zone.signed'),
    QUESTIONS.filter(([, , signed]) => signed),
  )
  const types = await capture(join(fixtures, 'every-type.zone'), everyType(), 'example')
  const version = execFileSync('named', ['-v'], { encoding: 'utf8' }).trim()
  const from = `${version}, which had shop.zone, signed for the questions with DO; made by scripts/capture-messages.mjs`
  writeFileSync(
    join(fixtures, 'every-type.json'),
    `${JSON.stringify({ from: from.replace('shop.zone, signed for the questions with DO', 'every-type.zone'), messages: types }, null, 1)}\n`,
  )
  writeFileSync(
    join(fixtures, 'named.json'),
    `${JSON.stringify({ from, messages: [...plain, ...signed] }, null, 1)}\n`,
  )
  console.log(
    `${plain.length + signed.length} exchanges; ${readFileSync(join(fixtures, 'named.json')).length} bytes`,
  )
} finally {
  rmSync(folder, { recursive: true })
}
