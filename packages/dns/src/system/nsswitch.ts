/**
 * The line `hosts:` of /etc/nsswitch.conf, of which `files` and `dns` are done here. Other services (mdns4_minimal, resolve,
 * myhostname, …) are programs of their own that only glibc can load: they are passed over as if they had found nothing.
 */

export type NameSource = 'files' | 'dns'

export interface SourceOrder {
  readonly sources: readonly NameSource[]
  /** `files [NOTFOUND=return] dns`: sources after which a name that was not found is not looked for any further. */
  readonly finals: ReadonlySet<NameSource>
}

/** glibc's own, without the file. */
const DEFAULT_SOURCES: SourceOrder = { sources: ['files', 'dns'], finals: new Set() }

/** Never fails: a line that is not there, or that names nothing known, gives the default. */
export function parseNsswitch(text: string): SourceOrder {
  const line = /^[ \t]*hosts:(.*)$/im.exec(text)?.[1]?.replace(/#.*/, '')
  if (line === undefined) return DEFAULT_SOURCES
  const sources: NameSource[] = []
  const finals = new Set<NameSource>()
  let last: string | undefined
  for (const [word] of line.matchAll(/\[[^\]]*\]|[^\s[]+/g)) {
    if (!word.startsWith('[')) {
      last = word
      if ((word === 'files' || word === 'dns') && !sources.includes(word)) sources.push(word)
    } else if ((last === 'files' || last === 'dns') && stopsWhenNotFound(word)) finals.add(last)
  }
  return sources.length === 0 ? DEFAULT_SOURCES : { sources, finals }
}

/** `[NOTFOUND=return]`, `[!UNAVAIL=return]`: the last word about `NOTFOUND` holds. */
function stopsWhenNotFound(actions: string): boolean {
  let stops = false
  for (const [, not, status, action] of actions.matchAll(/(!?)\s*(\w+)\s*=\s*(\w+)/g)) {
    const isMeant = (status?.toUpperCase() === 'NOTFOUND') !== (not === '!')
    // `!SUCCESS` would be every other status, and so would `!UNAVAIL`.
    if (isMeant) stops = action?.toLowerCase() === 'return'
  }
  return stops
}
