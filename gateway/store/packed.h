/* packed - several byte strings in one: how a parcel, a block of parcels, and the entries of a
 * ledger segment lie in a row.
 *
 *   count      number of strings                            32 bits, little-endian
 *   sizes      of each, in order                            32 bits each
 *   strings    one after another, nothing between
 */
#pragma once

#include "proto/base/bytes.h"

/* A parcel's first strings: manifest, signature, certificate; then its documents. */
enum { PARCEL_SEAL_PARTS = 3 };

/* Appends the strings of first, then those of second. False at the buffer's limit. */
bool packed_append(struct buffer *buffer, const struct bytes *first, size_t first_count,
                   const struct bytes *second, size_t second_count);
/* What packed_append would append. */
size_t packed_size(const struct bytes *first, size_t first_count, const struct bytes *second,
                   size_t second_count);
/* Of one whose strings are all empty. */
size_t packed_size_empty(size_t count);
/* Begins one whose strings, of these sizes, are appended next: a string that is itself packed need
 * not be put together elsewhere. False at the buffer's limit. */
bool packed_begin(struct buffer *buffer, const size_t *sizes, size_t count);
/* False when packed is not of this form. */
bool packed_count(struct bytes packed, size_t *ret_count);
/* The string at index, as a view into packed. False when there is none or packed is malformed. */
bool packed_get(struct bytes packed, size_t index, struct bytes *ret_string);
/* The string at index loses its last bytes, and what is behind moves up; *size is that of all.
 * False, and nothing has changed, when there is no such string or it is shorter. */
bool packed_shrink(uint8_t *packed, size_t *size, size_t index, size_t by);
