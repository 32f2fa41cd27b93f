/** The resolver of this process: one for all, as there is one /etc/resolv.conf. Made when it is first used; it keeps no process alive. */
import { SystemResolver } from './system-resolver.js'

let resolver: SystemResolver | undefined

function system(): SystemResolver {
  resolver ??= new SystemResolver()
  return resolver
}

const lookup: SystemResolver['lookup'] = (host, options) => system().lookup(host, options)
const resolve: SystemResolver['resolve'] = (name: string, type: string, options?: object) =>
  // The overloads are those of the method.
  system().resolve(name, type, options) as never
const reverse: SystemResolver['reverse'] = (address, options) => system().reverse(address, options)
const service: SystemResolver['service'] = (name, options) => system().service(name, options)
const install: SystemResolver['install'] = () => system().install()
const inspect: SystemResolver['inspect'] = () => system().inspect()
const flush: SystemResolver['flush'] = (name) => system().flush(name)

export const dns = { lookup, resolve, reverse, service, install, inspect, flush } as const
