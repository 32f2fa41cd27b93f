/** One link as an element. What people wrote goes in as text, never as HTML. */
import { timeElement } from './time.js'

export function linkElement(link) {
  const { hostname } = new URL(link.url)
  const host = hostname.replace(/^www\./, '')
  const tile = make('span', 'tile', host[0])
  tile.style.setProperty('--hue', hueOf(host))
  tile.setAttribute('aria-hidden', 'true')

  const heading = make('h3')
  const anchor = make('a', '', link.title ?? plain(link.url))
  anchor.href = link.url
  anchor.rel = 'noopener noreferrer nofollow ugc'
  heading.append(anchor)

  const facts = make('p', 'facts')
  facts.append(make('span', '', host), timeElement(link.postedAt))
  if (link.problem !== null) facts.append(make('span', 'problem', `no title: ${link.problem}`))
  else if (link.title === null) facts.append(make('span', 'fetching', 'fetching its title'))

  const item = make('li', 'link')
  item.dataset.id = link.id
  item.append(tile, heading)
  if (link.note !== '') item.append(make('p', 'note', link.note))
  item.append(facts)
  return item
}

function make(name, className = '', text = '') {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  if (text !== '') element.textContent = text
  return element
}

/** A URL as people read it. */
function plain(url) {
  return url.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '')
}

/** The same host has the same colour, always. */
function hueOf(host) {
  let hash = 7
  for (const character of host) hash = (hash * 31 + character.codePointAt(0)) >>> 0
  return (hash * 137) % 360
}
