/* pem - certificates, revocation lists and private keys out of bytes that somebody read from a
 * file.
 *
 * Certificates and lists may be PEM (any number of blocks; text between them is skipped) or one DER
 * element. Keys are PEM without a password: a service has nobody to ask.
 * Results are OpenSSL objects that the caller frees.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* One file's bytes; a provincial trust list is a few dozen KB, a national CA's revocation list a
 * few MB. */
enum { PEM_BYTES_MAX = 16 * 1024 * 1024 };

/* Adds to the stack. REASON_REGISTRY_INVALID when there is none or one cannot be read; what was
 * read before the fault then stays in the stack. */
enum reason pem_read_certificates(struct bytes content, STACK_OF(X509) * certificates);
enum reason pem_read_lists(struct bytes content, STACK_OF(X509_CRL) * lists);
/* REASON_KEY_UNREADABLE. */
enum reason pem_read_key(struct bytes content, EVP_PKEY **ret_key);
/* A new copy in memory of our own, NULL when memory is short. */
uint8_t *pem_certificate_der(X509 *certificate, size_t *ret_size);
