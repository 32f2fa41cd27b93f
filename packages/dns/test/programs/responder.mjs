// A DNS server of thirty lines on UDP, apart from the codec that is under test: it answers from a table, `name type` to
// addresses or names, to a response code, or to `drop`.
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

const TYPES = { 1: 'A', 12: 'PTR', 28: 'AAAA', 33: 'SRV' }
const CODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5, NOTIMP: 4, FORMERR: 1 }

/** Gives what was asked, in order, and the way to another table. */
export async function startResponder(host, port) {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  await new Promise((resolve) => socket.bind(port, host, resolve))
  const responder = { asked: [], table: {}, port: socket.address().port, close: () => socket.close() }
  socket.on('message', (query, from) => {
    const { name, type, end } = question(query)
    responder.asked.push(`${name} ${type}`)
    const reply = answer(responder.table, name, type, query, end)
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  return responder
}

function question(query) {
  const labels = []
  let at = 12
  while (query[at] !== 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]))
    at += 1 + query[at]
  }
  return { name: labels.join('.').toLowerCase(), type: TYPES[query.readUInt16BE(at + 1)], end: at + 5 }
}

function answer(table, name, type, query, end) {
  const isThere = Object.keys(table).some((key) => key.startsWith(`${name} `))
  const entry = table[`${name} ${type}`] ?? (isThere ? [] : 'NXDOMAIN')
  if (entry === 'drop') return undefined
  const records = Array.isArray(entry) ? entry : []
  const head = Buffer.from(query.subarray(0, end))
  head.writeUInt16BE(0x8180 | (CODES[entry] ?? 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...records.map((each) => record(type, each))])
}

function record(type, value) {
  const data = { A: ipv4, AAAA: ipv6, PTR: wireName, SRV: srv }[type](value)
  const head = Buffer.from('c00c00000001000000050000', 'hex')
  head.writeUInt16BE(Number(Object.keys(TYPES).find((code) => TYPES[code] === type)), 2)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

const ipv4 = (text) => Buffer.from(text.split('.').map(Number))

function ipv6(text) {
  if (!isIPv6(text)) throw new Error(`${text} is no IPv6 address`)
  const [front, back = ''] = text.split('::').map((part) => part.split(':').filter(Boolean))
  const groups = text.includes('::')
    ? [...front, ...Array(8 - front.length - back.length).fill('0'), ...back]
    : front
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const wireName = (text) =>
  Buffer.concat([
    ...text
      .split('.')
      .filter(Boolean)
      .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.alloc(1),
  ])

function srv([priority, weight, port, target]) {
  const head = Buffer.alloc(6)
  head.writeUInt16BE(priority, 0)
  head.writeUInt16BE(weight, 2)
  head.writeUInt16BE(port, 4)
  return Buffer.concat([head, wireName(target)])
}
