/** Puts the page's parts together: what is heard goes to the list and the numbers, keys go where they are meant to. */
import { Arena } from './arena.js'
import { Composer } from './composer.js'
import { LinkList } from './link-list.js'
import { Live } from './live.js'
import { Search } from './search.js'
import { Status } from './status.js'

const status = new Status()
const list = new LinkList()
const search = new Search(list)
const composer = new Composer((link) => search.show(link))
const arena = new Arena(document.getElementById('arena'))

const live = new Live(() => list.since, {
  links: (changes) => {
    list.catchUp(changes)
    search.refresh()
  },
  link: (link) => {
    list.hear(link)
    search.refresh()
  },
  status: (facts) => status.show(facts),
  connection: (state) => status.showConnection(state),
})

live.run()
arena.run()

/** One letter each, where nobody is writing. */
const SHORTCUTS = {
  '/': () => search.focus(),
  n: () => composer.focus(),
  j: () => list.move(1),
  k: () => list.move(-1),
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (event.key === 'Escape') return document.activeElement?.blur()
  if (event.target.closest('input, textarea, select, canvas')) return
  const shortcut = SHORTCUTS[event.key]
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut()
})
