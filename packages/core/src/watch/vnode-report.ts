/**
 * VnodeReport puts what a look found into an order in which it can have happened: a name is left before another file takes it,
 * a folder is made before something comes into it and deleted after all in it is gone. The true order is not to be had.
 */
import type { ChangeSink } from './event-source.js'
import type { VnodeEntry } from './vnode-entry.js'
import type { Arrival, VnodeLook } from './vnode-look.js'
import type { VnodeTree } from './vnode-tree.js'

export class VnodeReport {
  readonly #tree: VnodeTree
  readonly #look: VnodeLook
  readonly #sink: ChangeSink
  readonly #told = new Set<VnodeEntry>()
  /** Those whose name has first to be left by others. */
  readonly #coming = new Set<VnodeEntry>()
  readonly #reborn = new Set<VnodeEntry>()
  /** By folder and name. */
  readonly #comers = new Map<VnodeEntry, Map<string, Arrival>>()
  readonly #leavers = new Map<VnodeEntry, Map<string, VnodeEntry>>()
  /** The folders that are new. */
  readonly #founded = new Map<VnodeEntry, Arrival>()

  constructor(tree: VnodeTree, look: VnodeLook, sink: ChangeSink) {
    this.#tree = tree
    this.#look = look
    this.#sink = sink
    for (const arrival of look.arrivals) {
      if (arrival.entry === null) continue
      placeIn(this.#comers, arrival.folder).set(arrival.listed.name, arrival)
      if (!arrival.isMove) this.#founded.set(arrival.entry, arrival)
    }
    for (const entry of look.departed) {
      if (entry.parent !== null) placeIn(this.#leavers, entry.parent).set(entry.name, entry)
    }
  }

  run(): void {
    const gone = [...this.#look.departed].filter((entry) => this.#look.hasLost(entry))
    for (const entry of gone.sort((a, b) => b.depth - a.depth)) this.#leave(entry)
    for (const arrival of this.#look.moves.values()) this.#come(arrival)
    const fresh = this.#look.arrivals.filter(({ isMove, entry }) => !isMove && entry !== null)
    const paths = new Map(fresh.map((arrival) => [arrival, arrival.entry?.path ?? '']))
    fresh.sort((a, b) => ((paths.get(a) ?? '') < (paths.get(b) ?? '') ? -1 : 1))
    for (const arrival of fresh) this.#come(arrival)
    for (const entry of gone) this.#tree.close(entry)
  }

  /** Its name is given up: it moves, or it is deleted, or something moves there in its place. */
  #leave(entry: VnodeEntry): void {
    const move = this.#look.moves.get(entry)
    if (move !== undefined) {
      if (this.#coming.has(entry)) this.#breakCircle(entry)
      else this.#come(move)
      return
    }
    if (this.#told.has(entry)) return
    const { parent, name } = entry
    const next = parent === null ? undefined : this.#comers.get(parent)?.get(name)
    if (next?.isMove) {
      this.#come(next)
      return
    }
    this.#told.add(entry)
    // The file that is watched was replaced, most likely by a rename.
    if (next !== undefined && this.#tree.isOneName) return
    this.#leaveAllIn(entry)
    this.#sink.push({ type: 'delete', path: this.#tree.pathOf(entry) })
  }

  #leaveAllIn(folder: VnodeEntry): void {
    for (const entry of this.#leavers.get(folder)?.values() ?? []) this.#leave(entry)
  }

  #come(arrival: Arrival): void {
    const { folder, listed, entry, isMove } = arrival
    if (entry === null || this.#told.has(entry)) return
    this.#told.add(entry)
    this.#coming.add(entry)
    const founded = this.#founded.get(folder)
    if (founded !== undefined) this.#come(founded)
    const before = this.#leavers.get(folder)?.get(listed.name)
    if (before !== undefined && isMove && !this.#look.moves.has(before)) {
      // A rename says that of what it replaced.
      this.#leaveAllIn(before)
      this.#told.add(before)
    } else if (before !== undefined) {
      this.#leave(before)
    }
    this.#coming.delete(entry)
    if (isMove) this.#move(entry, arrival)
    else if (!this.#isAway(folder)) this.#create(entry)
  }

  /** Files that took each other's names: no order of renames does that. This one is as deleted, and comes new. */
  #breakCircle(entry: VnodeEntry): void {
    this.#leaveAllIn(entry)
    this.#reborn.add(entry)
    this.#sink.push({ type: 'delete', path: this.#tree.pathOf(entry) })
  }

  #move(entry: VnodeEntry, { folder, listed }: Arrival): void {
    const from = this.#tree.pathOf(entry)
    if (this.#isAway(folder)) {
      this.#sink.push({ type: 'delete', path: from })
      return
    }
    entry.parent = folder
    entry.name = listed.name
    if (this.#reborn.has(entry)) {
      this.#create(entry)
      return
    }
    this.#sink.push({ type: 'rename', path: this.#tree.pathOf(entry), from })
  }

  #create(entry: VnodeEntry): void {
    const path = this.#tree.pathOf(entry)
    this.#sink.push({ type: 'create', path })
    // What was written before we had it open. A second link was written as something else.
    if (entry.kind === 'f' && entry.size > 0 && this.#tree.facts(entry).nlink === 1) {
      this.#sink.push({ type: 'modify', path })
    }
    for (const child of entry.children?.values() ?? []) {
      // What is new in it, or has yet to move there, is told as that.
      if (child.parent === entry && !this.#comers.get(entry)?.has(child.name)) this.#create(child)
    }
  }

  /** In a folder that was moved out of what is watched. */
  #isAway(folder: VnodeEntry): boolean {
    for (let at: VnodeEntry | null = folder; at !== null; at = at.parent) {
      if (this.#look.hasLost(at)) return true
    }
    return false
  }
}

function placeIn<T>(places: Map<VnodeEntry, Map<string, T>>, folder: VnodeEntry): Map<string, T> {
  let place = places.get(folder)
  if (place === undefined) {
    place = new Map()
    places.set(folder, place)
  }
  return place
}
