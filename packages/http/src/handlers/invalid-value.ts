/** Node's own kind of error for an argument that has the right type and cannot be used. */

export function invalidValue(name: string, text: string, value: unknown): TypeError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
  return Object.assign(new TypeError(`${name} ${text}: ${shown}`), { code: 'ERR_INVALID_ARG_VALUE' as const })
}
