/** Names as they follow from the events of a watcher. It refuses events that cannot be true. */
import type { WatchEvent } from '../../src/index.js'

export class Mirror {
  readonly paths: Set<string>
  readonly #top: string

  constructor(top: string, paths: Iterable<string> = []) {
    this.#top = top
    this.paths = new Set(paths)
  }

  apply(event: WatchEvent): void {
    const path = this.#below(event.path)
    if (event.type === 'rename') this.#rename(this.#below(event.from), path)
    else if (event.type === 'create') this.#create(path)
    else if (event.type === 'delete') this.#delete(path, event.type)
    else if (event.type !== 'overflow' && path !== '') this.#mustHave(path, event.type)
  }

  #create(path: string): void {
    if (this.paths.has(path)) throw new Error(`create ${path}, which is there`)
    this.#mustHaveFolderOf(path, 'create')
    this.paths.add(path)
  }

  #delete(path: string, what: string): string[] {
    this.#mustHave(path, what)
    const gone = [...this.paths].filter((each) => each === path || each.startsWith(`${path}/`))
    for (const each of gone) this.paths.delete(each)
    return gone
  }

  #rename(from: string, to: string): void {
    const moved = this.#delete(from, 'rename')
    this.#mustHaveFolderOf(to, 'rename')
    if (this.paths.has(to)) this.#delete(to, 'replace')
    for (const each of moved) this.paths.add(to + each.slice(from.length))
  }

  #mustHave(path: string, what: string): void {
    if (!this.paths.has(path)) throw new Error(`${what} ${path}, which is not there`)
  }

  #mustHaveFolderOf(path: string, what: string): void {
    const slash = path.lastIndexOf('/')
    if (slash >= 0) this.#mustHave(path.slice(0, slash), `${what} ${path}: in`)
  }

  #below(path: string): string {
    return path === this.#top ? '' : path.slice(this.#top.length + 1)
  }
}
