/** Where a server is. */
export type ServerPlace =
  | {
      readonly kind: 'tcp'
      /** As it was given: what the certificate must be for, and what the password file knows. */
      readonly host: string
      /** In place of looking `host` up. */
      readonly address: string | undefined
      readonly port: number
    }
  | { readonly kind: 'unix'; readonly folder: string; readonly path: string; readonly port: number }

/** A folder of UNIX sockets in place of a host. */
function isSocketFolder(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@')
}

/** A name of Linux's abstract namespace begins with NUL, and with @ where people write it. */
export function placeAt(host: string, port: number, address?: string): ServerPlace {
  if (!isSocketFolder(host)) return { kind: 'tcp', host, address, port }
  const path = `${host}/.s.PGSQL.${port}`
  return { kind: 'unix', folder: host, path: host.startsWith('@') ? `\0${path.slice(1)}` : path, port }
}

/** For people: `10.0.0.7:5432`, `[::1]:5432`, `/var/run/postgresql:5432`. */
export function placeText(place: ServerPlace): string {
  if (place.kind === 'unix') return `${place.folder}:${place.port}`
  const { host, port } = place
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whoever is at the other end is this very machine: nobody is on the way. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(address)
}
