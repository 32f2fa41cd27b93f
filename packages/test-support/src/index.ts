/**
 * The public names of test-support, grouped by what a test does with them. Nothing here depends on another package of
 * this repository: shapes are matched structurally, so that core's own tests can use all of it.
 */

// Certificates
export type { Certificate } from './certificate.js'
export {
  type AuthorityOptions,
  type CertificateAuthority,
  makeCertificateAuthority,
  type OcspOptions,
} from './certificate-authority.js'
export { type CertificateCase, certificateCases, type PresentedCertificate } from './certificate-cases.js'
export type { CertificateOptions, KeyType } from './certificate-options.js'
export { type ProgramOptions, type ProgramResult, runProgram } from './child-program.js'
// Real servers and other processes
export { commandPath } from './command-path.js'
export { type CurlOptions, curl } from './curl.js'
// Bad networks
export { CuttingProxy, type CuttingProxyOptions, startCuttingProxy, type Upstream } from './cutting-proxy.js'
export { debianPackageFor } from './debian-packages.js'
// DNS servers, their zones, and who asks them
export { type DigOptions, dig } from './dig.js'
export { TEST_ORIGIN, TEST_REVERSE_ORIGIN, TEST_REVERSE_ZONE, TEST_ZONE } from './dns-zone-text.js'
export {
  type DnsHostOptions,
  type DnsOverTlsOptions,
  type DnsServerOptions,
  type DnsZones,
  TEST_ZONES,
} from './dns-zones.js'
export { TestSupportError, type TestSupportErrorCode } from './errors.js'
// Bytes into decoders
export { checkFeeding, checkFeedingOfMany, chunkings, everySplit, type Feedable, feed } from './feeding.js'
export { freePort } from './free-port.js'
export { type HaproxyOptions, startHaproxy } from './haproxy.js'
// Leaks
export { collectGarbage, expectFlatHeap, type FlatHeapOptions, heapUsedAfterGc } from './heap.js'
export { hex, parseHex } from './hex.js'
export {
  checkHostile,
  describeHostile,
  type HostileEntry,
  type HostileRow,
  type HostileRun,
} from './hostile-table.js'
export { type KnotOptions, startKnot } from './knot.js'
export { startMicrosocks } from './microsocks.js'
export { type DnsServer, type NamedOptions, startNamed } from './named.js'
export { type NginxFacts, type NginxOptions, startNginx } from './nginx.js'
export { type NginxProxyOptions, startNginxProxy } from './nginx-proxy.js'
export {
  type DescriptorLeakOptions,
  expectNoDescriptorLeak,
  type OpenDescriptor,
  openDescriptors,
} from './open-descriptors.js'
export {
  type OpensslClient,
  type OpensslClientOptions,
  type OpensslHandshake,
  startOpensslClient,
} from './openssl-client.js'
export { type OpensslServerOptions, startOpensslServer } from './openssl-server.js'
export { type Pgbouncer, type PgbouncerOptions, startPgbouncer } from './pgbouncer.js'
export {
  type PostgresOptions,
  type PostgresServer,
  type PostgresStandby,
  startPostgres,
  startPostgresStandby,
} from './postgres.js'
export type { Readiness } from './readiness.js'
export { type RealServer, type ServerEnd, type ServerOptions, startServer } from './real-server.js'
export { seededRandom } from './seeded-random.js'
export { type SignedZone, signZone } from './signed-zone.js'
export { type TemporaryFolder, temporaryFolder } from './temporary-folder.js'
export {
  runTestssl,
  type TestsslFinding,
  type TestsslOptions,
  type TestsslReport,
  type TestsslSection,
  type TestsslSeverity,
} from './testssl.js'
export { type ProxyOptions, startTinyproxy } from './tinyproxy.js'
export type { Cut, TrafficShape } from './traffic-shape.js'
export { startUnbound, type UnboundOptions } from './unbound.js'
// Time
export { type PendingAlarm, VirtualClock } from './virtual-clock.js'
export { type WrkOptions, type WrkReport, wrk } from './wrk.js'
