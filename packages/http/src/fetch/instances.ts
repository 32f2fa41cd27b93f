/** What is an instance of a class that stands in for one of the platform's. */

type Class = abstract new (...args: never[]) => unknown

/** `value instanceof kind` is true of whatever is a `platform`; of classes that extend `kind`, of their own alone. */
export function admitAll(kind: Class, platform: Class): void {
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return Function.prototype[Symbol.hasInstance].call(this === kind ? platform : this, value)
    },
  })
}
