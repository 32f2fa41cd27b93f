/**
 * The worms, in a canvas. The service sends the whole picture once and then what changes, 20 times a second; nothing is
 * sent while nobody can see it.
 */
import { webSocketUrl } from './live.js'

const WHOLE = 0
const RETRY_MS = 1500
/** As terminals number them: 31 to 36 dark, 91 to 96 light. */
const COLOURS = {
  31: '#ef5b5b',
  32: '#5fc77a',
  33: '#e6b450',
  34: '#5b8def',
  35: '#c678dd',
  36: '#3fb8c5',
  91: '#ff8f8f',
  92: '#98e6a8',
  93: '#ffd97a',
  94: '#8fb5ff',
  95: '#e3a6f2',
  96: '#86e1e8',
}
const STUCK_COLOUR = '#5c6880'
const BLANK = 32
const STUCK = '*'.charCodeAt(0)
const WALLS = new Set([...'+=|'].map((character) => character.charCodeAt(0)))

export class Arena {
  #canvas
  #socket
  #isVisible = false
  #width = 0
  #height = 0
  #cells = new Uint16Array(0)
  #isDirty = false

  constructor(canvas) {
    this.#canvas = canvas
    canvas.addEventListener('keydown', (event) => {
      if (!'nclh'.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      this.#send(event.key)
    })
    for (const button of document.querySelectorAll('[data-key]'))
      button.addEventListener('click', () => this.#send(button.dataset.key))
  }

  run() {
    new IntersectionObserver(([entry]) => {
      this.#isVisible = entry.isIntersecting
      this.#look()
    }).observe(this.#canvas)
    new ResizeObserver(() => this.#resize()).observe(this.#canvas)
    document.addEventListener('visibilitychange', () => this.#look())
    setInterval(() => this.#look(), RETRY_MS)
  }

  /** Opens the connection where somebody looks and there is none, and closes it where nobody does. */
  #look() {
    const isWatched = this.#isVisible && !document.hidden
    if (!isWatched) this.#socket?.close()
    else if (this.#socket === undefined) this.#open()
  }

  #open() {
    const socket = new WebSocket(webSocketUrl('/arena'))
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => this.#take(new Uint16Array(data))
    socket.onclose = () => {
      if (this.#socket === socket) this.#socket = undefined
    }
  }

  #send(key) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(key)
  }

  #take(message) {
    if (message[0] === WHOLE) {
      const [, width, height] = message
      this.#width = width
      this.#height = height
      this.#cells = message.slice(3)
    } else {
      for (let at = 1; at < message.length; at += 2) this.#cells[message[at]] = message[at + 1]
    }
    this.#canvas.dataset.frames = Number(this.#canvas.dataset.frames ?? 0) + 1
    if (this.#isDirty) return
    this.#isDirty = true
    requestAnimationFrame(() => this.#draw())
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#canvas
    this.#canvas.width = clientWidth * devicePixelRatio
    this.#canvas.height = clientHeight * devicePixelRatio
    this.#draw()
  }

  /**
   * Worms are lines through the middles of their cells, with a dot for the head; a terminal's cells are twice as high as
   * wide. All lines of a colour are one path, so that there are no seams.
   */
  #draw() {
    this.#isDirty = false
    const { width, height } = this.#canvas
    const context = this.#canvas.getContext('2d')
    context.clearRect(0, 0, width, height)
    if (this.#width === 0) return
    const step = width / this.#width
    context.lineCap = context.lineJoin = 'round'
    context.lineWidth = step
    context.shadowBlur = step * 1.5
    for (const [colour, { body, heads }] of this.#paths(step, height / this.#height)) {
      context.strokeStyle = context.fillStyle = context.shadowColor = colour
      context.stroke(body)
      context.fill(heads)
    }
    context.shadowBlur = 0
  }

  #paths(stepX, stepY) {
    const paths = new Map()
    const x = (place) => ((place % this.#width) + 0.5) * stepX
    const y = (place) => (Math.floor(place / this.#width) + 0.5) * stepY
    for (const [place, cell] of this.#cells.entries()) {
      const character = cell & 0xff
      if (character === BLANK || WALLS.has(character)) continue
      const colour = character === STUCK ? STUCK_COLOUR : (COLOURS[cell >> 8] ?? '#fff')
      if (!paths.has(colour)) paths.set(colour, { body: new Path2D(), heads: new Path2D() })
      const { body, heads } = paths.get(colour)
      body.moveTo(x(place), y(place))
      body.lineTo(x(place), y(place))
      for (const next of [place + 1, place + this.#width]) {
        if (!isSameWorm(cell, this.#cells[next])) continue
        body.moveTo(x(place), y(place))
        body.lineTo(x(next), y(next))
      }
      if (!isHead(character)) continue
      heads.moveTo(x(place), y(place))
      heads.arc(x(place), y(place), stepX, 0, 2 * Math.PI)
    }
    return paths
  }
}

/** The head is the capital letter of the body; one that is stuck is all stars. */
function isSameWorm(cell, other) {
  return other !== undefined && (cell | 0x20) === (other | 0x20)
}

function isHead(character) {
  return character >= 65 && character <= 90
}
