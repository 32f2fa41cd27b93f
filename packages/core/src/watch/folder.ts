/** Folder: one that is watched, with its place among the others. */

export class Folder {
  /** The kernel's number for it; -1 when the kernel has forgotten it. */
  wd: number
  name: string
  parent: Folder | null = null
  /** What is in it, after it was read and until every record from before that has been seen; otherwise null. */
  known: Set<string> | null = null
  /** Folders in it that are not watched yet. The value: whether their creation was told. */
  awaited: Map<string, boolean> | null = null
  /** The walk through the tree that met it last. */
  walk = 0
  #children: Map<string, Folder> | null = null

  constructor(wd: number, name = '') {
    this.wd = wd
    this.name = name
  }

  child(name: string): Folder | undefined {
    return this.#children?.get(name)
  }

  get children(): Iterable<Folder> {
    return this.#children?.values() ?? []
  }

  /** This one and those below. */
  *all(): Generator<Folder> {
    const left: Folder[] = [this]
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      yield next
      for (const child of next.children) left.push(child)
    }
  }

  attach(parent: Folder, name: string): void {
    this.detach()
    this.parent = parent
    this.name = name
    parent.#children ??= new Map()
    parent.#children.set(name, this)
  }

  detach(): void {
    const { parent, name } = this
    if (parent !== null && parent.child(name) === this) parent.#children?.delete(name)
    this.parent = null
  }

  isWithin(other: Folder): boolean {
    for (let at: Folder | null = this; at !== null; at = at.parent) if (at === other) return true
    return false
  }

  /** Its path below the first one, or that of `name` in it. */
  pathTo(name = ''): string {
    let path = name
    for (let at: Folder = this; at.parent !== null; at = at.parent)
      path = path === '' ? at.name : `${at.name}/${path}`
    return path
  }
}
