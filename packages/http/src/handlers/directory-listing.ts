/** A page that shows what is in a folder. Names are escaped for HTML and for links; the order is that of their code units, folders first. */
import { opendir } from 'node:fs/promises'
import { interruptible } from '@shrapnel/core'
import type { HttpResponse } from '../message.js'
import type { OpenFile } from './file-root.js'
import type { FilesSettings } from './files-options.js'

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
      'Content-Security-Policy': "default-src 'none'",
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
    return `<li><a href="./${escaped(encodeURIComponent(name))}${isFolder ? '/' : ''}">${escaped(shown)}</a></li>`
  })
  if (title !== '/') lines.unshift('<li><a href="../">../</a></li>')
  if (isCut) lines.push('<li>… and more</li>')
  const heading = escaped(title)
  return `<!doctype html>\n<html><head><meta charset="utf-8"><title>${heading}</title></head>\n<body><h1>${heading}</h1>\n<ul>\n${lines.join('\n')}\n</ul></body></html>\n`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
