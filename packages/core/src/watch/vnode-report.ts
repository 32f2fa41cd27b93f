/**
 * VnodeReport puts what a look found into an order in which it can have happened: a name is left before another file takes it,
 * a folder is made before something comes into it and deleted after all in it is gone. The true order is not to be had.
 *
 * Files may have gone round in a circle, each to the name of the next, or a folder into one that was below it. No order of
 * renames does that without a name that nobody saw, so one of them is told as deleted and then, with all in it, as created.
 */
import type { ChangeSink } from './event-source.js'
import type { VnodeEntry } from './vnode-entry.js'
import type { Arrival, VnodeLook } from './vnode-look.js'
import type { VnodeTree } from './vnode-tree.js'

/** An arrival that is to be told. */
type Comer = Arrival & { readonly entry: VnodeEntry }

export class VnodeReport {
  readonly #tree: VnodeTree
  readonly #look: VnodeLook
  readonly #sink: ChangeSink
  /** By folder and name. */
  readonly #comers = new Map<VnodeEntry, Map<string, Comer>>()
  readonly #leavers = new Map<VnodeEntry, Map<string, VnodeEntry>>()
  /** What went from a folder that went itself, at any depth. */
  readonly #leaversBelow = new Map<VnodeEntry, VnodeEntry[]>()
  /** New folders among others. */
  readonly #created = new Set<VnodeEntry>()
  readonly #told = new Set<VnodeEntry>()
  /** Moves of which the first half was told, as a deletion: the second will be a creation. */
  readonly #broken = new Set<VnodeEntry>()

  constructor(tree: VnodeTree, look: VnodeLook, sink: ChangeSink) {
    this.#tree = tree
    this.#look = look
    this.#sink = sink
    for (const arrival of look.arrivals) {
      if (!isComer(arrival) || look.isAway(arrival.folder)) continue
      placeIn(this.#comers, arrival.folder, newMap).set(arrival.listed.name, arrival)
      if (!arrival.isMove) this.#created.add(arrival.entry)
    }
    for (const entry of look.departed) {
      if (entry.parent !== null) placeIn(this.#leavers, entry.parent, newMap).set(entry.name, entry)
      for (let at = entry.parent; at !== null; at = at.parent) {
        if (look.departed.has(at)) placeIn(this.#leaversBelow, at, newList).push(entry)
      }
    }
    for (const below of this.#leaversBelow.values()) below.sort(deepestFirst)
  }

  run(): void {
    const lost = [...this.#look.departed].filter((entry) => this.#look.hasLost(entry)).sort(deepestFirst)
    const comers = [...this.#comers.values()].flatMap((place) => [...place.values()])
    const leaving = new Waiting(lost, (entry) => this.#tryDelete(entry))
    const moving = new Waiting(
      comers.filter(({ isMove }) => isMove),
      (comer) => this.#tryMove(comer),
    )
    const fresh = comers.filter(({ isMove }) => !isMove)
    fresh.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1))
    const tryCreate = (comer: Comer): boolean => this.#tryCreate(comer)
    const coming = new Waiting(fresh, tryCreate)
    const founding = new Waiting(
      fresh.filter(({ entry }) => entry.children !== null),
      tryCreate,
    )
    while (leaving.tell() || moving.tell());
    while (moving.left.length > 0 && (founding.tell() || this.#breakOne(moving.left))) {
      while (leaving.tell() || moving.tell());
    }
    while (coming.tell() || leaving.tell());
    for (const entry of lost) this.#tree.close(entry)
  }

  /** The three say whether it was told. */
  #tryDelete(entry: VnodeEntry): boolean {
    if (this.#told.has(entry)) return true
    const next = entry.parent === null ? undefined : this.#comers.get(entry.parent)?.get(entry.name)
    if (next?.isMove && !this.#broken.has(next.entry)) return false
    if (!this.#isLeft(entry, null)) return false
    this.#told.add(entry)
    // A watched file that is replaced was so by a rename, most likely.
    if (next === undefined || !this.#tree.isOneName) this.#push('delete', entry)
    return true
  }

  #tryMove(comer: Comer): boolean {
    const { folder, listed, entry } = comer
    if (isWithin(folder, entry) || !this.#isReady(comer)) return false
    const before = this.#leavers.get(folder)?.get(listed.name)
    // A rename says that of what it replaces.
    if (before !== undefined && this.#look.hasLost(before)) this.#told.add(before)
    const from = this.#tree.pathOf(entry)
    entry.parent = folder
    entry.name = listed.name
    this.#told.add(entry)
    if (this.#broken.has(entry)) this.#create(entry)
    else this.#sink.push({ type: 'rename', path: this.#tree.pathOf(entry), from })
    return true
  }

  #tryCreate(comer: Comer): boolean {
    if (this.#told.has(comer.entry)) return true
    if (!this.#isReady(comer)) return false
    this.#told.add(comer.entry)
    this.#create(comer.entry)
    return true
  }

  /** Its folder is there, and its name is free or its own to take. */
  #isReady({ folder, listed, entry, isMove }: Comer): boolean {
    for (let at: VnodeEntry | null = folder; at !== null; at = at.parent) {
      const isThere = this.#told.has(at) || !(this.#created.has(at) || this.#broken.has(at))
      if (!isThere) return false
    }
    const before = this.#leavers.get(folder)?.get(listed.name)
    if (before === undefined || this.#told.has(before) || this.#broken.has(before)) return true
    return isMove && !this.#broken.has(entry) && this.#look.hasLost(before) && this.#isLeft(before, entry)
  }

  /** Whatever went from it was told. */
  #isLeft(folder: VnodeEntry, but: VnodeEntry | null): boolean {
    const below = this.#leaversBelow.get(folder) ?? []
    return below.every((entry) => entry === but || this.#told.has(entry) || this.#broken.has(entry))
  }

  /** None of the moves can be the next. False if there is none to break. */
  #breakOne(moves: readonly Comer[]): boolean {
    const move = moves.find(({ entry }) => !this.#broken.has(entry))
    if (move !== undefined) this.#break(move.entry)
    return move !== undefined
  }

  /** All that is yet to go from where the move takes it along goes first. */
  #break(entry: VnodeEntry): void {
    const below = [...this.#look.departed].filter((each) => isWithin(each, entry)).sort(deepestFirst)
    for (const each of below) {
      if (this.#told.has(each) || this.#broken.has(each)) continue
      const fate = this.#look.moves.has(each) ? this.#broken : this.#told
      fate.add(each)
      this.#push('delete', each)
    }
  }

  #push(type: 'delete' | 'create' | 'modify', entry: VnodeEntry): void {
    this.#sink.push({ type, path: this.#tree.pathOf(entry) })
  }

  #create(entry: VnodeEntry): void {
    this.#push('create', entry)
    // What was written before we had it open. A second link was written as something else.
    if (entry.kind === 'f' && entry.size > 0 && this.#tree.facts(entry).nlink === 1)
      this.#push('modify', entry)
    for (const [name, child] of entry.children ?? []) {
      // What has yet to come is told when it does.
      if (this.#told.has(child) || !this.#comers.get(entry)?.has(name)) this.#create(child)
    }
  }
}

/** What could not be told yet. */
class Waiting<T> {
  left: readonly T[]
  readonly #try: (each: T) => boolean

  constructor(left: readonly T[], attempt: (each: T) => boolean) {
    this.left = left
    this.#try = attempt
  }

  /** True if there was something to tell. */
  tell(): boolean {
    const before = this.left.length
    this.left = this.left.filter((each) => !this.#try(each))
    return this.left.length < before
  }
}

function isComer(arrival: Arrival): arrival is Comer {
  return arrival.entry !== null
}

/** As the tree is while it is told of. */
function isWithin(folder: VnodeEntry, other: VnodeEntry): boolean {
  for (let at: VnodeEntry | null = folder; at !== null; at = at.parent) if (at === other) return true
  return false
}

const deepestFirst = (a: VnodeEntry, b: VnodeEntry): number => b.depth - a.depth
const newMap = <T>(): Map<string, T> => new Map()
const newList = <T>(): T[] => []

function placeIn<T>(places: Map<VnodeEntry, T>, folder: VnodeEntry, make: () => T): T {
  let place = places.get(folder)
  if (place === undefined) {
    place = make()
    places.set(folder, place)
  }
  return place
}
