#include "tls.h"

#include <openssl/err.h>
#include <signal.h>

#include "../load/support.h"

static _Noreturn void fail_tls(const char *what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  fail("%s: %s", what, text);
}

static SSL_CTX *new_context(const SSL_METHOD *method) {
  // OpenSSL writes by write(2), which raises a signal where send(2) can be told not to.
  if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) fail_errno("signal");
  SSL_CTX *context = SSL_CTX_new(method);
  if (context == NULL) fail_tls("SSL_CTX_new");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Here a connection may end in whichever way it likes.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Otherwise each record is two calls of read(2), its header and the rest.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 65536);
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 || SSL_CTX_set1_groups_list(context, "X25519") != 1) {
    fail_tls("the context");
  }
  return context;
}

// Whether the certificate is right is no question here, and asking takes a tenth of a handshake.
static int accept_any(X509_STORE_CTX *store, void *unused) {
  (void)store;
  (void)unused;
  return 1;
}

SSL_CTX *tls_client_context(void) {
  SSL_CTX *context = new_context(TLS_client_method());
  SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  return context;
}

SSL_CTX *tls_server_context(const char *certificate_file, const char *key_file) {
  SSL_CTX *context = new_context(TLS_server_method());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
    fail_tls("the certificate");
  }
  return context;
}

SSL *tls_open(SSL_CTX *context, int fd, int is_server) {
  SSL *ssl = SSL_new(context);
  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) fail_tls("SSL_new");
  if (is_server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
  return ssl;
}

int tls_handshake_some(SSL *ssl) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl);
  if (result == 1) return 1;
  const int error = SSL_get_error(ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN) return -1;
  fail_tls("the handshake");
}

long tls_send_some(SSL *ssl, const void *data, size_t length) {
  size_t count = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl, data, length, &count);
  if (result == 1) return (long)count;
  const int error = SSL_get_error(ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return -1;
  if (error == SSL_ERROR_SYSCALL) return 0;
  fail_tls("SSL_write");
}

long tls_receive_some(SSL *ssl, void *into, size_t length) {
  size_t count = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(ssl, into, length, &count);
  if (result == 1) return (long)count;
  const int error = SSL_get_error(ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return -1;
  if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL) return 0;
  fail_tls("SSL_read");
}
