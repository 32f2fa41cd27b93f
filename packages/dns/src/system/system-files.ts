/** This machine's files about names, each as it is now. Nothing is read before it is used. */
import { hostname } from 'node:os'
import { FollowedFile } from './followed-file.js'
import { type HostsFile, parseHosts } from './hosts-file.js'
import { MAX_CONFIGURATION_BYTES, MAX_HOSTS_BYTES } from './limits.js'
import { parseNsswitch, type SourceOrder } from './nsswitch.js'
import { parseResolvConf, type ResolvConf } from './resolv-conf.js'

export interface SystemPaths {
  /** `/etc/resolv.conf` unless given. */
  readonly resolvConf?: string
  /** `/etc/hosts` unless given. */
  readonly hosts?: string
  /** `/etc/nsswitch.conf` unless given. */
  readonly nsswitch?: string
}

export interface SystemFilesOptions {
  readonly paths?: SystemPaths
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The environment of the process, of which LOCALDOMAIN and RES_OPTIONS count. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly hostname?: () => string
}

/** For people. */
export interface FileReport {
  readonly path: string
  /** Why it could not be read the last time; what was read before still holds. */
  readonly failure: string | undefined
  /** What was left out of it. */
  readonly problems: readonly string[]
}

export class SystemFiles {
  readonly #resolvConf: FollowedFile<ResolvConf>
  readonly #hosts: FollowedFile<HostsFile>
  readonly #nsswitch: FollowedFile<SourceOrder>

  constructor({ paths = {}, now, env = process.env, hostname: nameOf = hostname }: SystemFilesOptions) {
    const { resolvConf = '/etc/resolv.conf', hosts = '/etc/hosts', nsswitch = '/etc/nsswitch.conf' } = paths
    const surroundings = (): Parameters<typeof parseResolvConf>[1] => ({
      hostname: nameOf(),
      localDomain: env.LOCALDOMAIN,
      options: env.RES_OPTIONS,
    })
    this.#resolvConf = new FollowedFile({
      path: resolvConf,
      maxBytes: MAX_CONFIGURATION_BYTES,
      parse: (text) => parseResolvConf(text, surroundings()),
      isFinal: ({ noReload }) => noReload,
      now,
    })
    this.#hosts = new FollowedFile({ path: hosts, maxBytes: MAX_HOSTS_BYTES, parse: parseHosts, now })
    this.#nsswitch = new FollowedFile({
      path: nsswitch,
      maxBytes: MAX_CONFIGURATION_BYTES,
      parse: parseNsswitch,
      now,
    })
  }

  /** The same object as long as the file says the same. Returns at once, does not fail. */
  get resolvConf(): ResolvConf {
    return this.#resolvConf.current
  }

  get hosts(): HostsFile {
    return this.#hosts.current
  }

  get order(): SourceOrder {
    return this.#nsswitch.current
  }

  inspect(): readonly FileReport[] {
    const { resolvConf, hosts } = this
    return [
      report(this.#resolvConf, resolvConf.problems),
      report(this.#hosts, hosts.problems),
      report(this.#nsswitch, []),
    ]
  }
}

function report(
  file: Pick<FollowedFile<never>, 'path' | 'failure'>,
  problems: readonly string[],
): FileReport {
  const { path, failure } = file
  return { path, failure: failure instanceof Error ? failure.message : undefined, problems }
}
