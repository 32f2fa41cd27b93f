/**
 * A rendezvous channel as it is written by hand on promises: two queues of resolvers. It cannot be closed, cancelled or
 * listed; it is the least that hands a value from one async function to another.
 */
export class PromiseChannel<Value> {
  readonly #receivers: ((value: Value) => void)[] = []
  readonly #senders: { readonly value: Value; readonly taken: () => void }[] = []

  send(value: Value): Promise<void> | void {
    const receiver = this.#receivers.shift()
    if (receiver !== undefined) return receiver(value)
    return new Promise((taken) => {
      this.#senders.push({ value, taken })
    })
  }

  receive(): Promise<Value> | Value {
    const sender = this.#senders.shift()
    if (sender === undefined) return new Promise((resolve) => this.#receivers.push(resolve))
    sender.taken()
    return sender.value
  }
}
