/* id - message ids: UUID version 7 (RFC 9562 §5.7), made by the sender once, never changed.
 *
 * Time and randomness are arguments. Ids made by one maker are strictly increasing, which keeps the
 * duplicate index of the store append-mostly and cheap at any length of history.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/bytes.h"
#include "proto/base/time.h"

enum { MESSAGE_ID_BYTES = 16, MESSAGE_ID_TEXT_BYTES = 37, ID_RANDOM_BYTES = 10 };

struct message_id {
    uint8_t bytes[MESSAGE_ID_BYTES];
};

/* Remembers the last id made, so that the next is larger even within one millisecond or when the
 * wall clock steps back. Zero-initialise. */
struct id_maker {
    struct message_id last;
};

void id_make(struct id_maker *maker, wall_t now, const uint8_t random[ID_RANDOM_BYTES],
             struct message_id *ret_id);
/* The same with random bytes that stand for something: id_name of them is what the id has. When so
 * many were made that its time would be more than a second ahead, it is one as any. */
void id_make_named(struct id_maker *maker, wall_t now, const uint8_t random[ID_RANDOM_BYTES],
                   struct message_id *ret_id);
void id_name(const uint8_t random[ID_RANDOM_BYTES], uint8_t ret_name[ID_RANDOM_BYTES]);
/* What an id has of them. */
const uint8_t *id_name_of(const struct message_id *id);
bool id_equal(const struct message_id *a, const struct message_id *b);
int id_compare(const struct message_id *a, const struct message_id *b);
bool id_is_zero(const struct message_id *id);
/* True for version 7, variant 10. */
bool id_is_valid(const struct message_id *id);
wall_t id_time(const struct message_id *id);
/* The usual 36 characters; ret_text holds MESSAGE_ID_TEXT_BYTES. */
void id_format(const struct message_id *id, char *ret_text);
bool id_parse(struct bytes text, struct message_id *ret_id);
