/* key - the short name of a participant ("centre", "stnmt", "portal"), by value.
 *
 * 1 to PARTICIPANT_KEY_BYTES_MAX characters of [a-z0-9_-]; an all-zero key means "none". Unused
 * bytes are zero, so that keys may be compared and hashed as memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/limits.h"

/* The name of an adapter's own queue, which stands where keys of participants do: in its store, its
 * API, its answers. The registry has no agency of that key. */
#define KEY_RESERVED "office"

struct key {
    char text[PARTICIPANT_KEY_BYTES_MAX + 1];
};

/* False when text is not a key; an empty text is not one. */
bool key_parse(struct bytes text, struct key *ret_key);
/* For names in our own source; the text must be a key. */
struct key key_of(const char *text);
bool key_equal(const struct key *a, const struct key *b);
bool key_is_none(const struct key *key);
struct bytes key_bytes(const struct key *key);

/* FNV-1a, 64 bits (draft-eastlake-fnv). For tables and for ordering classes; not for security. */
uint64_t hash_bytes(struct bytes bytes);
/* The same from another start. For tables whose keys outsiders choose: without a start that was
 * drawn they could choose keys that all meet in one bucket. */
uint64_t hash_bytes_from(uint64_t start, struct bytes bytes);
