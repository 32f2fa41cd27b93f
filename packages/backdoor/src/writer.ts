/** How a value is shown. Never throws: a value that cannot be shown is said to be so. */
import { inspect } from 'node:util'
import { isNativeError } from 'node:util/types'
import { Coroutine, where } from '@shrapnel/core'

/** As the prompt shows results: coroutines by what they wait for, a value with a `toString` of its own by that, all else as `inspect` does. */
export function makeWriter(colors: boolean): (value: unknown) => string {
  return (value) => {
    try {
      return asText(value) ?? inspect(value, { colors, showProxy: true })
    } catch (error) {
      return `[a value that cannot be shown: ${reasonOf(error)}]`
    }
  }
}

function asText(value: unknown): string | undefined {
  // Three lines for what the user knows best, otherwise.
  if (isNativeError(value) && 'code' in value && value.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
    return '[Interrupted]'
  if (value instanceof Coroutine) return where(value)
  if (Array.isArray(value) && value.length > 0 && value.every((each) => each instanceof Coroutine)) {
    return value.map(where).join('\n')
  }
  if (typeof value !== 'object' || value === null || inspect.custom in value) return undefined
  // `whereAll()` gives such an object: facts for programs that read as text.
  const own = Object.getOwnPropertyDescriptor(value, 'toString')
  if (typeof own?.value !== 'function' || own.enumerable === true) return undefined
  const text: unknown = own.value.call(value)
  return typeof text === 'string' ? text : undefined
}

function reasonOf(error: unknown): string {
  try {
    return isNativeError(error) ? error.message : String(error)
  } catch {
    return 'and neither can the reason'
  }
}
