/** VnodeEntry: a name in a watched folder, and the open file behind it. The folder that the watcher begins at is one too. */

/** f: a file, d: a folder, o: anything else, symlinks too. */
export type VnodeKind = 'f' | 'd' | 'o'

export class VnodeEntry {
  /** The kernel's number, a descriptor; -1 when the file could not be opened: then nothing is told of what is inside. */
  readonly id: number
  readonly kind: VnodeKind
  /** Its inode number in 8 bytes, as its folder lists it. */
  readonly inode: string
  /** `id` is what was listed, so that no other file gets that number while it is open. */
  isProven = false
  /** Its file system. */
  readonly device: number
  parent: VnodeEntry | null
  name: string
  /** Of a folder that is looked into. */
  children: Map<string, VnodeEntry> | null = null
  size = 0
  /** To notice what else changed when a file was cut. */
  mode = 0
  owner = ''
  /** What the kernel said and no look has told. */
  changes = 0
  /** The look that found it. */
  look = 0

  constructor(
    id: number,
    kind: VnodeKind,
    inode: string,
    device: number,
    parent: VnodeEntry | null,
    name: string,
  ) {
    this.id = id
    this.kind = kind
    this.inode = inode
    this.device = device
    this.parent = parent
    this.name = name
  }

  get depth(): number {
    let depth = 0
    for (let at = this.parent; at !== null; at = at.parent) depth++
    return depth
  }

  /** Below the first one. */
  get path(): string {
    let path = this.name
    for (let at = this.parent; at !== null && at.parent !== null; at = at.parent) path = `${at.name}/${path}`
    return path
  }
}
