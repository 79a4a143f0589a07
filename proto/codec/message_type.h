/* message_type - the kinds of message, their names on the wire and before people's eyes.
 *
 * The values are those of enum MessageType in schema/envelope.proto (checked at compile time),
 * under a name of our own, so that routing and the outbox need no generated code. The table is
 * codec/message_type.def.
 *
 * A number that came from outside: ask message_type_is_known before casting it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/language.h"

enum message_type {
    MESSAGE_TYPE_NONE = 0, /* never on the wire */
#define MESSAGE_TYPE(name, number, wire_name, vietnamese, english, is_receipt)                     \
    MESSAGE_TYPE_##name = number,
#include "proto/codec/message_type.def"
#undef MESSAGE_TYPE
};

enum {
    MESSAGE_TYPE_BUSINESS_COUNT = 15, /* the types that a person causes: 1 to 15 */
    MESSAGE_TYPE_NUMBER_END = 38,     /* one more than the largest number */
};

bool message_type_is_known(uint32_t number);
/* True for the types that report what became of other messages; they are not routed by policy. */
bool message_type_is_receipt(enum message_type type);
/* "supplement_request"; "unknown" for a number that the table does not have. */
const char *message_type_name(enum message_type type);
/* "Yêu cầu bổ sung" or "Supplement request", as staff see it. */
const char *message_type_label(enum message_type type, enum language language);
/* From the wire name; false when no type has it. */
bool message_type_parse(struct bytes name, enum message_type *ret_type);
