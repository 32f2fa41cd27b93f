// TLS for the programs of bench, by Debian's OpenSSL on plain sockets: what the load generator and the C server share. Every context
// offers and takes TLS 1.3 with AES-128-GCM and X25519 alone, so that every contestant does the same cryptography.
#pragma once

#include <openssl/ssl.h>
#include <stddef.h>

SSL_CTX *tls_client_context(void);
SSL_CTX *tls_server_context(const char *certificate_file, const char *key_file);

// An SSL on a socket. It does not close the socket.
SSL *tls_open(SSL_CTX *context, int fd, int is_server);

// 1: done. 0: not now. -1: the peer is gone. Ends the program on anything else.
int tls_handshake_some(SSL *ssl);

// -1 for "not now", 0 when the peer is gone. What OpenSSL has read ahead, epoll does not speak of: receive until "not now".
long tls_send_some(SSL *ssl, const void *data, size_t length);
long tls_receive_some(SSL *ssl, void *into, size_t length);
