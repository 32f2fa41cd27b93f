/** The links on the page, the newest first, each by its number, so that what comes twice is there once. */
import { linkElement } from './link-element.js'

export class LinkList {
  #links = new Map()
  #elements = new Map()
  #list = document.getElementById('links')
  #empty = document.getElementById('empty')
  #more = document.getElementById('more')
  /** Undefined: what is shown is the board itself. */
  #found
  #isComplete = false
  /** How far the page has come; undefined: nowhere. What a post is answered with counts for nothing: there may be others before. */
  since

  constructor() {
    this.#more.addEventListener('click', () => void this.#showOlder())
  }

  /** With `isAll` these are the newest, and there may be others in between that are not known here. */
  catchUp({ links, isAll, hasMore, since }) {
    this.since = since
    if (isAll) {
      this.#links.clear()
      this.#elements.clear()
      this.#list.replaceChildren()
      this.#isComplete = !hasMore
    }
    for (const link of links) this.#keep(link)
    this.#draw()
  }

  /** A link that is new, or has a title now: the next thing that happened on the board. */
  hear(link) {
    this.since.version = link.version
    this.put(link)
  }

  /** A link that may be new. */
  put(link) {
    const isNew = !this.#links.has(link.id)
    this.#keep(link)
    this.#draw()
    if (isNew) this.#elements.get(link.id)?.classList.add('fresh')
  }

  /** Shows these alone; undefined: the board again. */
  showFound(links) {
    this.#found = links
    this.#draw()
  }

  /** Puts the focus on a link further down or up. */
  move(step) {
    const anchors = [...this.#list.querySelectorAll('h3 a')]
    const at = anchors.indexOf(document.activeElement)
    const next = at < 0 ? 0 : Math.max(0, Math.min(at + step, anchors.length - 1))
    anchors[next]?.focus()
  }

  focusOn(id) {
    this.#elements.get(id)?.querySelector('a')?.focus()
  }

  #keep(link) {
    const known = this.#links.get(link.id)
    if (known !== undefined && known.version >= link.version) return
    this.#links.set(link.id, link)
    const old = this.#elements.get(link.id)
    if (old === undefined) return
    const element = linkElement(link)
    const hadFocus = old.contains(document.activeElement)
    old.replaceWith(element)
    this.#elements.set(link.id, element)
    if (hadFocus) this.focusOn(link.id)
  }

  #draw() {
    const shown = this.#found ?? [...this.#links.values()].sort((a, b) => b.id - a.id)
    let next = this.#list.firstElementChild
    for (const link of shown) {
      const element = this.#elementOf(link)
      if (element === next) next = next.nextElementSibling
      else this.#list.insertBefore(element, next)
    }
    while (next !== null) {
      const rest = next.nextElementSibling
      next.remove()
      next = rest
    }
    this.#empty.hidden = shown.length > 0
    this.#empty.textContent =
      this.#found === undefined ? 'Nothing here yet. Be the first: press n.' : 'No link has all these words.'
    this.#more.hidden = this.#found !== undefined || this.#isComplete || shown.length === 0
  }

  #elementOf(link) {
    const known = this.#elements.get(link.id)
    if (known !== undefined) return known
    const element = linkElement(link)
    this.#elements.set(link.id, element)
    return element
  }

  async #showOlder() {
    const oldest = Math.min(...this.#links.keys())
    const response = await fetch(`/api/links?before=${oldest}`).catch(() => undefined)
    if (!response?.ok) return
    const { links, hasMore } = await response.json()
    this.#isComplete = !hasMore
    for (const link of links) this.#links.set(link.id, link)
    this.#draw()
  }
}
