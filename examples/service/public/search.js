/** Search while one types. An answer that comes late is dropped; what is new on the board is searched too. */

const PAUSE_MS = 120

export class Search {
  #list
  #input = document.getElementById('query')
  #found = document.getElementById('found')
  #timer
  #latest = 0

  constructor(list) {
    this.#list = list
    this.#input.addEventListener('input', () => this.refresh())
    this.#input.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      this.#clear()
      this.#input.blur()
      event.preventDefault()
    })
  }

  focus() {
    this.#input.focus()
    this.#input.select()
  }

  /** The board has changed, or what is searched for. */
  refresh() {
    clearTimeout(this.#timer)
    if (this.#query === '') this.#show(undefined)
    else this.#timer = setTimeout(() => void this.#search(), PAUSE_MS)
  }

  /** Shows a link that was just posted, whatever was searched for. */
  show(link) {
    this.#clear()
    this.#list.put(link)
  }

  get #query() {
    return this.#input.value.trim()
  }

  #clear() {
    this.#input.value = ''
    this.refresh()
  }

  async #search() {
    const turn = ++this.#latest
    const response = await fetch(`/api/links?limit=100&q=${encodeURIComponent(this.#query)}`).catch(
      () => undefined,
    )
    if (turn !== this.#latest || this.#query === '') return
    if (!response?.ok) return this.#say('The search does not work just now.')
    const { links, hasMore } = await response.json()
    if (turn !== this.#latest) return
    this.#show(links)
    this.#say(
      `${hasMore ? 'More than 100' : links.length} ${links.length === 1 ? 'link' : 'links'} with “${this.#query}”`,
    )
  }

  #show(links) {
    this.#latest++
    this.#found.hidden = links === undefined
    this.#list.showFound(links)
  }

  #say(text) {
    this.#found.hidden = false
    this.#found.textContent = text
  }
}
