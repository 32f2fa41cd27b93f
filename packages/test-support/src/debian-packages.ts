/**
 * Which Debian 12 package brings a command that tests start or talk to. Only a table for error messages: nothing here
 * installs anything.
 */
const PACKAGES: Readonly<Record<string, string>> = {
  curl: 'curl',
  dig: 'bind9-dnsutils',
  'dnssec-keygen': 'bind9-utils',
  'dnssec-signzone': 'bind9-utils',
  gdb: 'gdb',
  go: 'golang-go',
  h2load: 'nghttp2-client',
  haproxy: 'haproxy',
  initdb: 'postgresql',
  kdig: 'knot-dnsutils',
  knotd: 'knot',
  ldapadd: 'ldap-utils',
  ldapmodify: 'ldap-utils',
  ldapsearch: 'ldap-utils',
  lftp: 'lftp',
  mariadb: 'mariadb-client',
  'mariadb-admin': 'mariadb-client',
  'mariadb-install-db': 'mariadb-server',
  mariadbd: 'mariadb-server',
  named: 'bind9',
  'named-checkconf': 'bind9-utils',
  'named-checkzone': 'bind9-utils',
  nghttp: 'nghttp2-client',
  nghttpd: 'nghttp2-server',
  nghttpx: 'nghttp2-proxy',
  nginx: 'nginx-light',
  nsd: 'nsd',
  nsupdate: 'bind9-dnsutils',
  openssl: 'openssl',
  pg_basebackup: 'postgresql',
  pg_ctl: 'postgresql',
  pgbench: 'postgresql',
  pgbouncer: 'pgbouncer',
  postgres: 'postgresql',
  proftpd: 'proftpd-core',
  psql: 'postgresql-client',
  python3: 'python3',
  'rabbitmq-plugins': 'rabbitmq-server',
  'rabbitmq-server': 'rabbitmq-server',
  rabbitmqctl: 'rabbitmq-server',
  rndc: 'bind9-utils',
  slapadd: 'slapd',
  slapd: 'slapd',
  slappasswd: 'slapd',
  socat: 'socat',
  strace: 'strace',
  telnet: 'telnet',
  testssl: 'testssl.sh',
  tnftp: 'tnftp',
  unbound: 'unbound',
  vsftpd: 'vsftpd',
  wrk: 'wrk',
}

/** The package that brings `command` (a name or a path), or undefined if the table does not know it. */
export function debianPackageFor(command: string): string | undefined {
  const name = command.slice(command.lastIndexOf('/') + 1)
  return Object.hasOwn(PACKAGES, name) ? PACKAGES[name] : undefined
}
