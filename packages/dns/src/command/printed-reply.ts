/** A reply for people, much as dig prints it. */
import type { Reply } from '../resolution.js'
import { type EdnsOption, formatData, type Message } from '../wire/index.js'
import { absolute, printedRecords } from './printed-record.js'

const FLAGS = [
  ['isResponse', 'qr'],
  ['isAuthoritative', 'aa'],
  ['isTruncated', 'tc'],
  ['recursionDesired', 'rd'],
  ['recursionAvailable', 'ra'],
  ['isAuthenticData', 'ad'],
  ['checkingDisabled', 'cd'],
] as const satisfies readonly (readonly [keyof Message, string])[]

export function printReply(reply: Reply): string {
  const { message } = reply
  const flags = FLAGS.filter(([field]) => message[field]).map(([, word]) => word)
  const lines = [
    `;; ${message.opcode}, status: ${message.rcode}, flags: ${flags.join(' ')}, id: ${message.id}`,
    ...printedEdns(message),
    ';; QUESTION',
    ...message.questions.map(
      ({ name, type, class: className }) => `;${absolute(name)}  ${className}  ${type}`,
    ),
    ...section('ANSWER', message.answers),
    ...section('AUTHORITY', message.authorities),
    ...section('ADDITIONAL', message.additionals),
    '',
    `;; ${placeOf(reply)}`,
  ]
  return `${lines.join('\n')}\n`
}

/** Where it came from, how, and after how long. */
export function placeOf({ server, transport, elapsedMs }: Reply): string {
  return `${server.replace(/^[a-z]+:\/\//, '')} by ${transport.toUpperCase()} in ${elapsedMs.toFixed(1)} ms`
}

function section(title: string, records: Message['answers']): string[] {
  return records.length === 0 ? [] : ['', `;; ${title}`, ...printedRecords(records)]
}

function printedEdns({ edns }: Message): string[] {
  if (edns === undefined) return []
  const dnssec = edns.dnssecOk ? ' do' : ''
  const head = `;; EDNS: version ${edns.version}, flags:${dnssec}, UDP: ${edns.udpPayloadBytes} bytes`
  return [head, ...edns.options.map((option) => `;; EDNS: ${printedOption(option)}`)]
}

function printedOption(option: EdnsOption): string {
  switch (option.option) {
    case 'COOKIE':
      return `cookie ${hexOf(option.client)} ${hexOf(option.server)}`.trimEnd()
    case 'PADDING':
      return `padding ${option.bytes} bytes`
    case 'CLIENT-SUBNET':
      return `client subnet ${option.address}/${option.sourcePrefix}/${option.scopePrefix}`
    case 'EXTENDED-ERROR':
      return `extended error ${option.infoCode}${option.text === '' ? '' : `: ${JSON.stringify(option.text)}`}`
    case 'OTHER':
      return `option ${option.code} ${hexOf(option.bytes)}`.trimEnd()
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** The data of the answers alone, a line each. */
export function printShort({ message }: Reply): string {
  return message.answers.map((record) => `${formatData(record)}\n`).join('')
}
