/**
 * VnodeLook: one look at the folders in which names changed. It finds which names went and which came, and which of them are
 * the same file. Nothing is told here: VnodeReport does.
 *
 * Why a file is known again: its descriptor keeps its inode number from being given to another one. A name that came with
 * the number of one that is still known elsewhere makes us look there too, whatever the kernel has said by then; a file that
 * went and still has a name makes us ask the kernel once more where that may be.
 */
import type { VnodeEntry } from './vnode-entry.js'
import { CLOSED, GONE, WRITTEN } from './vnode-files.js'
import type { ListedEntry } from './vnode-listing.js'
import type { VnodeTree } from './vnode-tree.js'

/** A name that came. */
export interface Arrival {
  readonly folder: VnodeEntry
  readonly listed: ListedEntry
  /** Who has the name now; null until it is opened, or for good if it was gone by then. */
  entry: VnodeEntry | null
  /** It had another name before. */
  isMove: boolean
}

/** How often a look asks the kernel where a file may have gone. */
const MAX_QUESTIONS = 3

let lookNumber = 0

export class VnodeLook {
  /** Names that went, those that came elsewhere too. */
  readonly departed = new Set<VnodeEntry>()
  readonly arrivals: Arrival[] = []
  /** Folders that may not be read. */
  readonly refused = new Set<VnodeEntry>()
  /** By the file that moved. */
  readonly moves = new Map<VnodeEntry, Arrival>()
  readonly #tree: VnodeTree
  readonly #askMore: () => readonly VnodeEntry[]
  readonly #number = ++lookNumber
  readonly #looked = new Set<VnodeEntry>()
  /** By inode: departed and not known to have come elsewhere. */
  readonly #missing = new Map<string, VnodeEntry>()
  #unsettled: Arrival[] = []
  #questions = MAX_QUESTIONS

  /** `askMore` gives the folders in which names have changed since. */
  constructor(tree: VnodeTree, askMore: () => readonly VnodeEntry[]) {
    this.#tree = tree
    this.#askMore = askMore
  }

  run(folders: Iterable<VnodeEntry>): void {
    for (const folder of folders) this.#lookInto(folder)
    do {
      while (this.#settleMoves());
      this.#open()
    } while (this.#unsettled.length > 0)
    while (this.#loseMoves());
  }

  /** True if it went, and did not come elsewhere. */
  hasLost(entry: VnodeEntry): boolean {
    return this.departed.has(entry) && !this.moves.has(entry)
  }

  /** True of a folder that is, by now, in one that was moved out of what is watched. */
  isAway(folder: VnodeEntry): boolean {
    for (const at of this.#placesOf(folder)) if (this.hasLost(at)) return true
    return false
  }

  /** A folder, and those that it is in by now. */
  *#placesOf(folder: VnodeEntry): Generator<VnodeEntry> {
    for (let at: VnodeEntry | null = folder; at !== null; at = this.moves.get(at)?.folder ?? at.parent)
      yield at
  }

  /** What moved into a folder that was then moved out is lost. True if there was any, so that there may be more. */
  #loseMoves(): boolean {
    let lost = false
    for (const [entry, arrival] of this.moves) {
      if (!this.isAway(arrival.folder)) continue
      this.moves.delete(entry)
      arrival.entry = null
      lost = true
    }
    return lost
  }

  #lookInto(folder: VnodeEntry): boolean {
    const { children } = folder
    if (children === null || this.#looked.has(folder)) return false
    this.#looked.add(folder)
    // What the kernel says from now on may be about what comes too late for this listing.
    folder.changes &= ~WRITTEN
    const listing = this.#tree.list(folder)
    if (listing === CLOSED) {
      this.refused.add(folder)
      return false
    }
    for (const listed of listing === GONE ? [] : listing) {
      const known = children.get(listed.name)
      if (known !== undefined && known.inode === listed.inode && known.kind === listed.kind) {
        known.look = this.#number
        continue
      }
      const arrival = { folder, listed, entry: null, isMove: false }
      this.arrivals.push(arrival)
      this.#unsettled.push(arrival)
    }
    for (const entry of children.values()) if (entry.look !== this.#number) this.#depart(entry)
    return true
  }

  #depart(entry: VnodeEntry): void {
    entry.parent?.children?.delete(entry.name)
    this.departed.add(entry)
    if (entry.isProven) this.#missing.set(entry.inode, entry)
    // Without a name of its own, all in it has gone too.
    if (entry.children !== null && this.#tree.facts(entry).nlink === 0) this.#lookInto(entry)
  }

  /** Finds what moved. True if it looked into more folders, so that there may be more. */
  #settleMoves(): boolean {
    for (let before = -1; this.#unsettled.length !== before; ) {
      before = this.#unsettled.length
      this.#unsettled = this.#unsettled.filter((arrival) => !this.#isMove(arrival))
    }
    let looked = false
    for (const { folder, listed } of this.#unsettled) {
      const known = this.#tree.byInode(listed.inode)
      if (known?.parent && known.parent.device === folder.device && !this.departed.has(known)) {
        looked = this.#lookInto(known.parent) || looked
      }
    }
    if (looked) return true
    if (this.#questions === 0 || !this.#isAnyElsewhere()) return false
    this.#questions--
    for (const folder of this.#askMore()) looked = this.#lookInto(folder) || looked
    return looked
  }

  #isMove(arrival: Arrival): boolean {
    const { folder, listed } = arrival
    const entry = this.#missing.get(listed.inode)
    if (entry === undefined || entry.kind !== listed.kind || entry.parent?.device !== folder.device)
      return false
    // Folders that are read one after the other need not fit together: a folder cannot be below itself.
    for (const at of this.#placesOf(folder)) if (at === entry) return false
    this.#missing.delete(listed.inode)
    arrival.entry = entry
    arrival.isMove = true
    this.moves.set(entry, arrival)
    folder.children?.set(listed.name, entry)
    return true
  }

  #isAnyElsewhere(): boolean {
    for (const entry of this.#missing.values()) if (this.#tree.facts(entry).nlink > 0) return true
    return false
  }

  /** What came and is no move is new; a folder is looked into at once. */
  #open(): void {
    const opened = this.#unsettled
    this.#unsettled = []
    for (const arrival of opened) {
      arrival.entry = this.#tree.open(arrival.folder, arrival.listed)
      if (arrival.entry !== null) this.#lookInto(arrival.entry)
    }
  }
}
