/* digest - a SHA-256 value (FIPS 180-4), and the port through which pure code computes one.
 *
 * Core code may not call OpenSSL; it is handed a hash_function by its shell (or by the simulator).
 */
#pragma once

#include <stdbool.h>

#include "proto/base/bytes.h"

enum { DIGEST_BYTES = 32, DIGEST_TEXT_BYTES = 65 };

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

bool digest_equal(const struct digest *a, const struct digest *b);
/* Lower-case hexadecimal; ret_text holds DIGEST_TEXT_BYTES. */
void digest_format(const struct digest *digest, char *ret_text);
bool digest_parse(struct bytes text, struct digest *ret_digest);
bool digest_is_zero(const struct digest *digest);

/* SHA-256 of the parts one after another. Never fails: an implementation that cannot hash is
 * broken. */
typedef void hash_function(const struct bytes *parts, size_t part_count, struct digest *ret_digest);
