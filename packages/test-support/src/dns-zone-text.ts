/**
 * A zone that has everything a reader of answers must cope with: every common type of record, an unknown one, aliases in a chain
 * and in a circle, wildcards, delegations with and without glue, an answer that no UDP message holds, names in mixed case and with
 * escapes. For any server that reads zone files (RFC 1035, 5).
 */

export const TEST_ORIGIN = 'example.test'

/** The strings of `long.example.test TXT`: more than a UDP message of any agreed size holds. */
const LONG_STRINGS = Array.from({ length: 40 }, (_, index) => `"${`${index}-`.padEnd(200, 'abcdefghij')}"`)

/** Addresses of `many.example.test`: an answer of about 1,000 bytes, which fits with EDNS and does not without. */
const MANY = Array.from({ length: 60 }, (_, index) => `many A 198.51.100.${index + 1}`)

/** The zone `example.test`. Name servers at `ns1` (127.0.0.1) and `ns2` (127.0.0.2). */
export const TEST_ZONE = `$ORIGIN ${TEST_ORIGIN}.
$TTL 3600
@         SOA    ns1 host\\.master ( 2024010101 7200 3600 1209600 300 )
@         NS     ns1
@         NS     ns2
ns1       A      127.0.0.1
ns2       A      127.0.0.2
@         A      192.0.2.1
@         AAAA   2001:db8::1
@         MX     10 mail1
@         MX     20 Mail2
@         TXT    "v=spf1 mx -all"
@         CAA    0 issue "ca.example.net"
@         CAA    128 iodef "mailto:security@example.test"
mail1     A      192.0.2.25
mail1     AAAA   2001:db8::25
mail2     A      192.0.2.26
www       A      192.0.2.80
www  60   AAAA   2001:db8::80
www       HINFO  "PDP-11" "UNIX"
txt       TXT    "one" "two words" "" "quote \\" backslash \\\\ byte \\200"
long      TXT    ${LONG_STRINGS.join(' ')}
_ldap._tcp   SRV   10 60 389 mail1
_ldap._tcp   SRV   10 40 389 mail2
_gone._tcp   SRV   0 0 0 .
sip       NAPTR  100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .
sip       NAPTR  102 10 "S" "SIP+D2T" "" _sip._tcp
_443._tcp TLSA   3 1 1 0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6
host      SSHFP  4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
svc       SVCB   1 www.example.test. alpn=h2,h3 port=8443 ipv4hint=192.0.2.80 ipv6hint=2001:db8::80 key65400="opaque"
@         HTTPS  1 . alpn=h2 ipv4hint=192.0.2.1
alias     HTTPS  0 svc
strange   TYPE65280 \\# 6 0102030405ff
loc       LOC    \\# 16 000016138b3cf018810cbce0009895b8
tree      DNAME  www
chain1    CNAME  chain2
chain2    CNAME  chain3
chain3    CNAME  www
away      CNAME  www.elsewhere.test.
dangling  CNAME  nowhere
loop1     CNAME  loop2
loop2     CNAME  loop1
MiXeD     A      192.0.2.99
dotted\\.label  A  192.0.2.98
byte\\000\\255   A  192.0.2.97
xn--bcher-kva A  192.0.2.96
*.wild    A      192.0.2.77
*.wild    TXT    "from the wildcard"
here.wild A      192.0.2.78
a.b.empty A      192.0.2.79
sub       NS     ns.sub
sub       NS     ns1
ns.sub    A      127.0.0.3
sub       DS     60485 13 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a
glueless  NS     ns2
${MANY.join('\n')}
`

/** The zone `2.0.192.in-addr.arpa`, for the other direction. */
export const TEST_REVERSE_ORIGIN = '2.0.192.in-addr.arpa'

export const TEST_REVERSE_ZONE = `$ORIGIN ${TEST_REVERSE_ORIGIN}.
$TTL 3600
@   SOA  ns1.${TEST_ORIGIN}. hostmaster.${TEST_ORIGIN}. 1 7200 3600 1209600 300
@   NS   ns1.${TEST_ORIGIN}.
80  PTR  www.${TEST_ORIGIN}.
25  PTR  mail1.${TEST_ORIGIN}.
`
