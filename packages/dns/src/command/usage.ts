/** What the command says of itself, and how it ends. */
import type { Message, Question } from '../wire/index.js'

/** Exit codes. 9 is dig's. */
export const EXIT = {
  /** There is an answer. */
  ANSWER: 0,
  /** There is no such name, or none of that type. */
  NOTHING: 1,
  /** The command line cannot be understood. */
  USAGE: 2,
  /** The server refused, failed, or did not understand. */
  REFUSED: 3,
  /** No usable reply came. */
  NO_REPLY: 9,
} as const

export const HELP = `Usage: npx @shrapnel/dns [options] NAME [TYPE]
       npx @shrapnel/dns [options] --reverse ADDRESS

Asks DNS servers for the records of NAME. TYPE is A unless given; any mnemonic, or TYPE123.

  -s, --server SERVER   whom to ask: an address, HOST#PORT, [ADDRESS]:PORT, tls://HOST; more than
                        once: the next is asked when one fails. @SERVER does too.
                        Those of /etc/resolv.conf unless given
  -p, --port PORT       unless the server says one: 53, and 853 with --tls
      --tcp             asks by TCP
      --tls             asks by TLS, which verifies the server
      --tls-name NAME   the name or address that its certificate must be for. The server's
      --tls-ca FILE     whom to trust: PEM. What Node trusts unless given
  -c, --class CLASS     IN unless given: CH, HS, CLASS123
  -x, --reverse         the name of an address: 192.0.2.1, 2001:db8::1
      --dnssec          asks for DNSSEC records
      --no-recurse      asks for what the server itself knows
      --trace           walks from the root servers, or from --server, to those that know
      --timeout MS      for everything together, in milliseconds. 5000, and 30000 with --trace
      --short           the data of the answer alone, a line each
      --json            one JSON object; with --trace one for each step
  -h, --help
  -v, --version

Ends with 0 for an answer, 1 for no such name or no such type, 2 for a command line that is wrong,
3 for a server that refused or failed, 9 for no reply, 130 for Ctrl-C.
`

/** An alias that leads nowhere is no answer, unless it was asked for. */
export function exitCodeFor({ rcode, answers }: Message, { type }: Question): number {
  const isThere = type === 'ANY' ? answers.length > 0 : answers.some((record) => record.type === type)
  return rcode === 'NOERROR' && isThere ? EXIT.ANSWER : EXIT.NOTHING
}
