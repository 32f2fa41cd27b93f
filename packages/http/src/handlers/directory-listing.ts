/** A page that shows what is in a folder. Names are escaped for HTML and for links; the order is that of their code units, folders first. */
import { createHash } from 'node:crypto'
import { opendir } from 'node:fs/promises'
import { interruptible } from '@shrapnel/core'
import type { HttpResponse } from '../message.js'
import type { OpenFile } from './file-root.js'
import type { FilesSettings } from './files-options.js'
import { escapeHtml } from './responses.js'

const STYLE = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere }
ul { list-style: none; margin: 0; padding: 0 }
a { display: block; padding: .3rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; text-decoration: none }
a:hover { text-decoration: underline }
`
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`

interface Entry {
  readonly name: string
  readonly isFolder: boolean
}

interface Entries {
  readonly entries: readonly Entry[]
  readonly isCut: boolean
}

/** Takes charge of `folder`, which can be read at `path`, and is `name` below the root. Cancelled, it still reads to the end, for nobody. */
export async function directoryListing(
  folder: OpenFile,
  path: string,
  name: string,
  settings: FilesSettings,
): Promise<HttpResponse> {
  const title = name === '' ? '/' : `/${name}/`
  const reading = entriesOf(path, settings).finally(() => folder.close())
  const { entries, isCut } = await interruptible(reading)
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': POLICY,
    },
    body: page(title, entries, isCut),
  }
}

async function entriesOf(path: string, { allowsHidden, maxListed }: FilesSettings): Promise<Entries> {
  const entries: Entry[] = []
  let isCut = false
  for await (const entry of await opendir(path)) {
    if (entry.name.startsWith('.') && !allowsHidden(entry.name)) continue
    // A link may lead to either; where it leads is found out when it is asked for.
    const isFolder = entry.isDirectory()
    if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue
    if (entries.length === maxListed) {
      isCut = true
      break
    }
    entries.push({ name: entry.name, isFolder })
  }
  entries.sort((one, other) => {
    if (one.isFolder !== other.isFolder) return one.isFolder ? -1 : 1
    return one.name < other.name ? -1 : 1
  })
  return { entries, isCut }
}

function page(title: string, entries: readonly Entry[], isCut: boolean): string {
  const lines = entries.map(({ name, isFolder }) => {
    const shown = isFolder ? `${name}/` : name
    // With `./` before it no name is taken for a scheme.
    return `<li><a href="./${escapeHtml(encodeURIComponent(name))}${isFolder ? '/' : ''}">${escapeHtml(shown)}</a></li>`
  })
  if (title !== '/') lines.unshift('<li><a href="../">../</a></li>')
  if (isCut) lines.push('<li>… and more</li>')
  const heading = escapeHtml(title)
  return `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title><style>${STYLE}</style></head>
<body><h1>${heading}</h1>
<ul>
${lines.join('\n')}
</ul></body></html>
`
}
