/** The form. It says what is wrong, and keeps what was written until it is on the board. */

export class Composer {
  #form = document.getElementById('composer')
  #url = document.getElementById('url')
  #note = document.getElementById('note')
  #button = this.#form.querySelector('button')
  #message = document.getElementById('form-message')
  #onPosted
  #isBusy = false

  /** @param onPosted is called with the link, which may have been there before. */
  constructor(onPosted) {
    this.#onPosted = onPosted
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (!this.#isBusy) void this.#post()
    })
    this.#url.addEventListener('input', () => this.#say(''))
  }

  focus() {
    this.#url.focus()
    this.#url.scrollIntoView({ block: 'nearest' })
  }

  async #post() {
    this.#setBusy(true)
    try {
      const response = await fetch('/api/links', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: this.#url.value, note: this.#note.value }),
      })
      const answer = await response.json().catch(() => ({}))
      if (response.ok) this.#succeed(answer, response.status === 201)
      else
        this.#fail(
          answer.error?.message ?? `That did not work (${response.status}).`,
          response.status === 422,
        )
    } catch {
      // Posting twice is posting once, so trying again is safe.
      this.#fail('The service cannot be reached. What you wrote stays here: post it again.', false)
    } finally {
      this.#setBusy(false)
    }
  }

  #succeed(link, isNew) {
    this.#form.reset()
    this.#say(isNew ? 'Posted.' : 'That link was on the board already.')
    // Whoever has gone on to something else in the meantime is not called back.
    if (this.#form.contains(document.activeElement)) this.#url.focus()
    this.#onPosted(link)
  }

  #fail(message, isUrlWrong) {
    this.#say(message, true)
    if (!isUrlWrong) return
    this.#url.setAttribute('aria-invalid', 'true')
    this.#url.focus()
  }

  #say(message, isWrong = false) {
    this.#message.textContent = message
    this.#message.classList.toggle('wrong', isWrong)
    this.#url.removeAttribute('aria-invalid')
  }

  #setBusy(isBusy) {
    this.#isBusy = isBusy
    this.#button.setAttribute('aria-disabled', isBusy)
  }
}
