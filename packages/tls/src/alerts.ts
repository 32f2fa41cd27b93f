/** Alerts by number: their names (RFC 8446, 6; RFC 5246, 7.2; RFC 7301, 3.2), and what whoever sends one means by it. */

const ALERTS: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  10: ['unexpected_message', 'it got a message that does not belong there'],
  20: ['bad_record_mac', 'it could not decrypt what it got: somebody or something changed it on the way'],
  22: ['record_overflow', 'it got a record that is longer than allowed'],
  30: ['decompression_failure', 'it could not decompress what it got'],
  40: ['handshake_failure', 'it finds nothing in common with us: no cipher, group or signature algorithm'],
  42: ['bad_certificate', 'it does not accept our certificate'],
  43: ['unsupported_certificate', 'our certificate is of a kind or for a purpose that it does not accept'],
  44: ['certificate_revoked', 'our certificate was revoked by its issuer'],
  45: ['certificate_expired', 'our certificate, or one above it, has expired or is not valid yet'],
  46: ['certificate_unknown', 'it does not accept our certificate, and does not say why'],
  47: ['illegal_parameter', 'it got a message with a value that is not allowed'],
  48: [
    'unknown_ca',
    'it does not know or trust the issuer of our certificate, or an intermediate one is missing',
  ],
  49: ['access_denied', 'our certificate is in order, and has no right to what it is used for'],
  50: ['decode_error', 'it got a message that it could not read'],
  51: ['decrypt_error', 'a signature or a Finished message of ours did not verify'],
  60: ['export_restriction', 'export rules'],
  70: ['protocol_version', 'it speaks none of the versions that we do'],
  71: ['insufficient_security', 'it wants stronger ciphers than we offer'],
  80: ['internal_error', 'something went wrong with it that has nothing to do with us'],
  86: ['inappropriate_fallback', 'it speaks a newer version than this attempt offers'],
  90: ['user_canceled', 'it gave up'],
  100: ['no_renegotiation', 'it does not renegotiate'],
  109: ['missing_extension', 'an extension is missing from what we sent'],
  110: ['unsupported_extension', 'it got an extension that it did not ask for'],
  111: ['certificate_unobtainable', 'it could not fetch our certificate'],
  112: ['unrecognized_name', 'it has no certificate for the name that it was asked for'],
  113: ['bad_certificate_status_response', 'the stapled OCSP response was not accepted'],
  114: ['bad_certificate_hash_value', 'our certificate is not the one that was announced'],
  115: ['unknown_psk_identity', 'it does not know the pre-shared key'],
  116: ['certificate_required', 'it wants a certificate from us'],
  120: ['no_application_protocol', 'it speaks none of the application protocols (ALPN) that were offered'],
}

/** Those that we send ourselves. */
export const Alert = {
  INTERNAL_ERROR: 80,
  UNRECOGNIZED_NAME: 112,
  PROTOCOL_VERSION: 70,
  NO_ALPN: 120,
} as const

export function alertName(number: number): string {
  return ALERTS[number]?.[0] ?? `alert_${number}`
}

export function alertMeaning(number: number): string {
  return ALERTS[number]?.[1] ?? 'this kind of alert is not known here'
}
