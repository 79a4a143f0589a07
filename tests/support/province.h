/* province - a small province on disk for tests and benchmarks: authority, keys, registry,
 * settings.
 *
 *   DIR/gateway.yaml            settings of one gateway, port 0, state in DIR/gateway
 *   DIR/registry/…              centre, gateway, N agencies a0001 …, one procedure each: 1.000001 …
 *                               and, if asked for, carriers h0001 … of the agencies in turn
 *   DIR/keys/KEY.{pem,crt,curve}
 *
 * Calling sequence: province_make; use; province_release. The files stay: they are in the test's
 * own directory. Failures are told on standard error and answered false.
 */
#pragma once

#include "tests/support/test_authority.h"
#include "proto/base/key.h"
#include "proto/link/link.h"

struct province_options {
    const char *directory; /* exists */
    size_t agencies;
    size_t carried; /* agencies behind each carrier, the last one has the rest; 0: no carriers */
    enum authority_key key; /* of all participants */
    enum authority_key gateway_key;
    uint32_t window_messages;
    const char *gateway_settings; /* more lines for gateway.yaml; NULL: none */
};

struct province {
    char directory[512];
    struct authority *authority;
    struct curve_key gateway_public_key;
};

bool province_make(struct province *province, const struct province_options *options);
void province_release(struct province *province);

/* "a0007" */
struct key province_agency(size_t index);
/* "h0007" */
struct key province_carrier(size_t index);
/* The procedure of that agency, "1.000007". ret_code: 16 bytes. */
void province_procedure(size_t index, char ret_code[16]);

/* Issues another certificate for a key that the registry does not know, or one for a participant
 * that it does know. Files: DIR/keys/NAME.{pem,crt}. */
bool province_issue(struct province *province, const char *name,
                    const struct authority_request *request);

bool province_write(const struct province *province, const char *name, struct bytes content);
bool province_read(const struct province *province, const char *name, struct buffer *ret_content);

/* Starts build/bin/lienthong-gateway (program) on it and waits until it listens; -1: it did not.
 * ret_endpoint holds LINK_ENDPOINT_BYTES_MAX + 1. */
int province_start_gateway(struct province *province, const char *program, char *ret_endpoint);
