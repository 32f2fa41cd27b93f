// Checks of OCSP responses.
//
// Who may sign: the certificate's issuer, as the verification of the chain has found it, or somebody whose certificate that issuer has
// made for OCSP. OCSP_basic_verify trusts all signers that it finds among the certificates that it is given (OCSP_TRUSTOTHER), so it is
// given the issuer alone: with the whole chain the server could vouch for itself.
#include "ocsp.h"

#include <openssl/ocsp.h>

#include <string>

#include "connection_facts.h"
#include "engine.h"

namespace shrapnel {
namespace {

// Clocks disagree by so much.
constexpr long kLeewaySeconds = 300;
// How old an answer may be that does not say when the next one will be there.
constexpr long kMostAgeSeconds = 7 * 24 * 3600;
// status_request, as the TLS feature extension of a certificate has it (RFC 7633).
constexpr long kStatusRequest = 5;

using ResponsePointer = std::unique_ptr<OCSP_RESPONSE, FreeWith<&OCSP_RESPONSE_free>>;
using BasicPointer = std::unique_ptr<OCSP_BASICRESP, FreeWith<&OCSP_BASICRESP_free>>;
using IdPointer = std::unique_ptr<OCSP_CERTID, FreeWith<&OCSP_CERTID_free>>;
using FeaturePointer = std::unique_ptr<TLS_FEATURE, FreeWith<&TLS_FEATURE_free>>;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using StackPointer = std::unique_ptr<STACK_OF(X509), FreeStack>;

[[nodiscard]] bool MustStaple(const X509* certificate) {
  const FeaturePointer features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  for (int i = 0; features != nullptr && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) return true;
  }
  return false;
}

[[nodiscard]] BasicPointer Parse(ConstBytes der) {
  const unsigned char* at = der.data;
  const ResponsePointer response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.length)));
  if (response == nullptr || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return nullptr;
  return BasicPointer(OCSP_response_get1_basic(response.get()));
}

// Each answer names its certificate by hashes of its own choice.
[[nodiscard]] bool IsAbout(const OCSP_SINGLERESP* answer, const X509* certificate, const X509* issuer) {
  const OCSP_CERTID* id = OCSP_SINGLERESP_get0_id(answer);
  ASN1_OBJECT* hash = nullptr;
  if (OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, const_cast<OCSP_CERTID*>(id)) != 1) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(hash);
  if (digest == nullptr) return false;
  const IdPointer ours(OCSP_cert_to_id(digest, certificate, issuer));
  return ours != nullptr && OCSP_id_cmp(ours.get(), id) == 0;
}

[[nodiscard]] OcspVerdict Judge(OCSP_SINGLERESP* answer) {
  int reason = 0;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  const int status = OCSP_single_get0_status(answer, &reason, &revoked, &from, &until);
  // Revoked stays revoked, however old the news.
  if (status == V_OCSP_CERTSTATUS_REVOKED) return OcspVerdict::kRevoked;
  if (OCSP_check_validity(from, until, kLeewaySeconds, until == nullptr ? kMostAgeSeconds : -1) != 1) {
    return OcspVerdict::kExpired;
  }
  return status == V_OCSP_CERTSTATUS_GOOD ? OcspVerdict::kGood : OcspVerdict::kUnknown;
}

[[nodiscard]] OcspVerdict Check(SSL* ssl, ConstBytes der, X509* certificate, long* good_seconds) {
  const BasicPointer basic = Parse(der);
  if (basic == nullptr) return OcspVerdict::kMalformed;
  STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (chain == nullptr || sk_X509_num(chain) == 0) return OcspVerdict::kBadSignature;
  X509* issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
  const StackPointer signers(sk_X509_new_null());
  if (signers == nullptr || sk_X509_push(signers.get(), issuer) == 0) return OcspVerdict::kBadSignature;
  X509_STORE* roots = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (OCSP_basic_verify(basic.get(), signers.get(), roots, OCSP_TRUSTOTHER | OCSP_NOEXPLICIT) != 1) {
    return OcspVerdict::kBadSignature;
  }
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* answer = OCSP_resp_get0(basic.get(), i);
    if (!IsAbout(answer, certificate, issuer)) continue;
    ASN1_GENERALIZEDTIME* until = nullptr;
    static_cast<void>(OCSP_single_get0_status(answer, nullptr, nullptr, nullptr, &until));
    if (until != nullptr) *good_seconds = SecondsUntil(until);
    return Judge(answer);
  }
  return OcspVerdict::kMalformed;
}

[[nodiscard]] ConstBytes StapleOf(SSL* ssl) {
  const unsigned char* der = nullptr;
  const long length = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
  return length > 0 && der != nullptr ? ConstBytes{der, static_cast<std::size_t>(length)} : ConstBytes{};
}

}  // namespace

int OnClientStatus(SSL* ssl, void*) {
  // What goes on was checked when it began, and ends no later than the answer that it had then.
  if (SSL_session_reused(ssl) == 1) return 1;
  Engine* engine = Engine::Of(ssl);
  OcspState& state = engine->ocsp();
  const CertificatePointer certificate(SSL_get1_peer_certificate(ssl));
  const ConstBytes staple = StapleOf(ssl);
  if (staple.length > 0 && certificate != nullptr) {
    state.verdict = Check(ssl, staple, certificate.get(), &state.good_seconds);
  } else if (state.mode == OcspMode::kRequire || (certificate != nullptr && MustStaple(certificate.get()))) {
    state.verdict = OcspVerdict::kMissing;
  }
  // The queue may hold why, which is told by the verdict; what stays in it would be taken for another call's.
  ERR_clear_error();
  return state.verdict == OcspVerdict::kNone || state.verdict == OcspVerdict::kGood ? 1 : 0;
}

// Of what the server was given, the answer about the certificate that it will show, if it is still good.
int OnServerStatus(SSL* ssl, void*) {
  X509* certificate = SSL_get_certificate(ssl);
  if (certificate == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const std::string& staple : Engine::Of(ssl)->ocsp().staples) {
    const BasicPointer basic = Parse({reinterpret_cast<const std::uint8_t*>(staple.data()), staple.size()});
    if (basic == nullptr) continue;
    for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
      OCSP_SINGLERESP* answer = OCSP_resp_get0(basic.get(), i);
      ASN1_INTEGER* serial = nullptr;
      auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(answer));
      if (OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id) != 1 ||
          ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0 || Judge(answer) == OcspVerdict::kExpired) {
        continue;
      }
      auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(staple.data(), staple.size()));
      ERR_clear_error();
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple.size()));  // It is its own now.
      return SSL_TLSEXT_ERR_OK;
    }
  }
  ERR_clear_error();
  return SSL_TLSEXT_ERR_NOACK;
}

bool IsOcspResponse(ConstBytes der) {
  const BasicPointer basic = Parse(der);
  const bool is_well = basic != nullptr && OCSP_resp_count(basic.get()) > 0;
  ERR_clear_error();
  return is_well;
}

}  // namespace shrapnel
