// Why OpenSSL refused, as it was when it did: its queue is emptied by whoever calls next.
#pragma once

#include <cstdint>
#include <string>

#include "greeting.h"
#include "openssl.h"

namespace shrapnel {

struct Failure {
  unsigned long code = 0;   // OpenSSL's packed library and reason; 0: it named none
  std::string reason;       // OpenSSL's own words for it
  std::string where;        // what it adds, such as the name of a file
  long verify = 0;          // X509_V_ERR_…; 0: the certificate is not why
  int ocsp = 0;             // OcspVerdict; 0 and 1: the stapled answer is not why
  int depth = 0;            // of the certificate that was refused, 0 being the peer's own
  int alert_sent = -1;      // the alert that ended it, RFC 8446 section 6; -1: none
  int alert_received = -1;
  Circumstances about;

  // Takes the first error of the queue, which is the cause of the others, and empties it.
  void TakeFromQueue() {
    const char* data = nullptr;
    int flags = 0;
    code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags);
    const char* text = ERR_reason_error_string(code);
    reason = text != nullptr ? text : "";
    where = data != nullptr && (flags & ERR_TXT_STRING) != 0 ? data : "";
    ERR_clear_error();
  }
};

}  // namespace shrapnel
