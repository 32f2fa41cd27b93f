/**
 * /etc/resolv.conf as glibc 2.36 reads it (resolv.conf(5), res_init.c): what it does not understand it leaves out, and so does
 * this. Nothing is opened here.
 */

import { parseAddress } from '../lookup/address.js'
import { parseLooseIPv4 } from '../lookup/loose-ipv4.js'
import { MAX_NAMESERVERS, MAX_SEARCH_DOMAINS } from './limits.js'
import { Problems } from './problems.js'
import { type ResolverOptions, readOptions } from './resolver-options.js'

export interface ResolvConf extends ResolverOptions {
  /** Addresses, those of IPv6 with their zone. `127.0.0.1` when the file names none. */
  readonly nameservers: readonly string[]
  /** What is put behind a name, in this order. Without dots at the ends; the root is `.`. */
  readonly search: readonly string[]
  /** What was left out, and why. */
  readonly problems: readonly string[]
}

/** What glibc takes from elsewhere than the file. */
export interface ResolvConfSurroundings {
  /** This machine's name: without `search` and `domain`, what follows its first dot is searched. */
  readonly hostname?: string | undefined
  /** LOCALDOMAIN in the environment: the search list, whatever the file says. */
  readonly localDomain?: string | undefined
  /** RES_OPTIONS in the environment: options after those of the file. */
  readonly options?: string | undefined
}

/** Never fails: no text at all means the defaults. */
export function parseResolvConf(text: string, surroundings: ResolvConfSurroundings = {}): ResolvConf {
  const problems = new Problems()
  const nameservers: string[] = []
  const options: string[] = []
  let search: string[] | undefined
  let number = 0
  for (const line of text.split('\n')) {
    number++
    // The keyword begins the line, and a space or tab ends it.
    const match = /^(nameserver|search|domain|options|sortlist)[ \t](.*)$/s.exec(line)
    if (match === null) {
      if (!/^([;#]|\s*$)/.test(line)) problems.add(number, 'not understood')
      continue
    }
    const rest = (match[2] as string).replace(/^[ \t]+/, '')
    const words = rest.split(/[ \t\r]+/).filter((word) => word !== '')
    switch (match[1]) {
      case 'nameserver': {
        const server = serverAddress(words[0] ?? '')
        if (server === undefined) problems.add(number, 'the name server is no address')
        else if (nameservers.length === MAX_NAMESERVERS)
          problems.add(number, `more than ${MAX_NAMESERVERS} name servers`)
        else nameservers.push(server)
        break
      }
      case 'search':
        if (words.length > MAX_SEARCH_DOMAINS)
          problems.add(number, `more than ${MAX_SEARCH_DOMAINS} search domains`)
        if (words.length > 0) search = words.slice(0, MAX_SEARCH_DOMAINS)
        break
      case 'domain':
        if (words[0] !== undefined) search = [words[0]]
        break
      case 'options':
        options.push(...words)
        break
      default:
        problems.add(number, 'sortlist is obsolete')
    }
  }
  const { hostname = '', localDomain, options: added } = surroundings
  if (localDomain !== undefined) search = localDomain.split(/[ \t\n]+/).filter((word) => word !== '')
  search ??= hostname.includes('.') ? [hostname.slice(hostname.indexOf('.') + 1)] : []
  if (added !== undefined) options.push(...added.split(/[ \t]+/))
  return {
    nameservers: nameservers.length > 0 ? nameservers : ['127.0.0.1'],
    search: search.slice(0, MAX_SEARCH_DOMAINS).map(withoutOuterDots),
    ...readOptions(options),
    problems: problems.list,
  }
}

function serverAddress(word: string): string | undefined {
  return parseLooseIPv4(word) ?? parseAddress(word)?.text
}

/** glibc drops one dot in front; one at the end says nothing, as a domain is absolute. */
function withoutOuterDots(domain: string): string {
  return domain.replace(/^\./, '').replace(/\.$/, '') || '.'
}
