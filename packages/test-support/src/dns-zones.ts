/** Zones as files, for the starters of DNS servers: where they are written, and what they are unless a test has its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificate.js'
import { TEST_ORIGIN, TEST_REVERSE_ORIGIN, TEST_REVERSE_ZONE, TEST_ZONE } from './dns-zone-text.js'

/** The text of each zone, by its origin without the last dot (`.` for the root). */
export type DnsZones = Readonly<Record<string, string>>

export const TEST_ZONES: DnsZones = { [TEST_ORIGIN]: TEST_ZONE, [TEST_REVERSE_ORIGIN]: TEST_REVERSE_ZONE }

/** What the three starters have in common. */
export interface DnsServerOptions {
  /** `TEST_ZONES` unless given. */
  readonly zones?: DnsZones | undefined
  /** A port that is free for UDP and TCP unless given. */
  readonly port?: number | undefined
}

/** `named` has no such option: it listens on addresses that an interface has, and of 127.0.0.0/8 that is one. */
export interface DnsHostOptions {
  /** `127.0.0.1` unless given; `127.0.0.2` for a second server with the same port. */
  readonly host?: string | undefined
}

export interface DnsOverTlsOptions {
  /** Serves DNS over TLS too, on `tlsPort`, with this certificate. */
  readonly certificate?: Certificate | undefined
  readonly tlsPort?: number | undefined
}

export interface ZoneFile {
  readonly origin: string
  /** In the server's folder. */
  readonly file: string
}

export function zoneFiles(zones: DnsZones): ZoneFile[] {
  return Object.keys(zones).map((origin, index) => ({ origin, file: `zones/${index}.zone` }))
}

export async function writeZones(folder: string, zones: DnsZones): Promise<void> {
  await mkdir(join(folder, 'zones'))
  for (const { origin, file } of zoneFiles(zones)) await writeFile(join(folder, file), zones[origin] ?? '')
}

/** `example.test.` in a configuration; the root is one dot. */
export function absolute(origin: string): string {
  return origin === '.' ? '.' : `${origin}.`
}
