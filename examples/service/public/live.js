/**
 * The WebSocket that keeps the page up to date. When it ends it is opened again, after a pause that grows and is a little
 * different for each page, and asks for what was missed.
 */

const FIRST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = 10_000

export class Live {
  #sinceNow
  #listeners
  #pauseMs = FIRST_PAUSE_MS

  /** @param sinceNow tells how far the page has come: which board, and up to which version of it. */
  constructor(sinceNow, listeners) {
    this.#sinceNow = sinceNow
    this.#listeners = listeners
  }

  run() {
    const { board = '', version = 0 } = this.#sinceNow() ?? {}
    const socket = new WebSocket(webSocketUrl(`/live?${new URLSearchParams({ board, since: version })}`))
    socket.onopen = () => {
      this.#pauseMs = FIRST_PAUSE_MS
      this.#listeners.connection('live')
    }
    socket.onmessage = ({ data }) => {
      const { type, ...facts } = JSON.parse(data)
      this.#listeners[type]?.(facts)
    }
    socket.onclose = () => {
      this.#listeners.connection('lost')
      const pauseMs = this.#pauseMs * (0.75 + Math.random() / 2)
      this.#pauseMs = Math.min(this.#pauseMs * 1.7, LONGEST_PAUSE_MS)
      setTimeout(() => this.run(), pauseMs)
    }
  }
}

export function webSocketUrl(path) {
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}
