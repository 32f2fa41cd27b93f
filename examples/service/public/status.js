/** How the service fares: the light at the top, the numbers at the side, and a notice when something is away. */

const CONNECTIONS = { live: 'Live', lost: 'Reconnecting' }
const NOTICES = {
  starting: 'The database is starting. New links can be posted in a moment.',
  away: 'The database is away, and is tried again and again. What you see was here before; posting and searching wait.',
}

export class Status {
  #state = document.getElementById('state')
  #text = document.getElementById('state-text')
  #notice = document.getElementById('notice')
  #telnet = document.getElementById('telnet')
  #numbers = Object.fromEntries(
    ['coroutines', 'pages', 'database', 'worms'].map((name) => [name, document.getElementById(name)]),
  )

  show({ database, pages, worms, coroutines, telnetPort }) {
    this.#telnet.textContent = `telnet ${location.hostname} ${telnetPort}`
    this.#numbers.coroutines.textContent = coroutines
    this.#numbers.pages.textContent = pages
    this.#numbers.database.textContent = database
    this.#numbers.worms.textContent = `${worms} ${worms === 1 ? 'worm' : 'worms'}`
    this.#notice.hidden = NOTICES[database] === undefined
    this.#notice.textContent = NOTICES[database] ?? ''
  }

  showConnection(state) {
    this.#state.className = `state ${state}`
    this.#text.textContent = CONNECTIONS[state]
    if (state === 'live') return
    for (const name of ['coroutines', 'pages', 'database']) this.#numbers[name].textContent = '–'
  }
}
