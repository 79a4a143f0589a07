/* body_json - what a message says (schema/body.proto) from JSON and to JSON, by the schema's own
 * description: a field that is added to the schema needs nothing here.
 *
 * Names are those of body.proto ("owner": {"name": …}); times are milliseconds since 1970, money is
 * in đồng. Fields that are empty or zero may be left out, and are. A name that the schema does not
 * have, a value of another kind or one beyond the bounds of codec/body_rules.h is refused with its
 * path. What a type needs: envelope_check_content.
 */
#pragma once

#include <jansson.h>

#include "proto/base/arena.h"
#include "proto/base/reason.h"
#include "proto/codec/message_type.h"

struct Lienthong__V1__Body;

enum { BODY_JSON_PATH_BYTES = 128 };

struct body_json_fault {
    enum reason reason;
    /* "body.components[3].code", "body.ownr (owner?)"; cut when longer. */
    char path[BODY_JSON_PATH_BYTES];
};

/* The body of a message of that type, in the arena; its texts are those of object, which must live
 * as long. Receipts and heads are not made from JSON: REASON_MESSAGE_TYPE_UNKNOWN.
 * REASON_FIELD_UNKNOWN, _NOT_TEXT, _INVALID, _TOO_LONG, REASON_TIME_NOT_MS, _OUT_OF_MEMORY. */
enum reason body_json_read(enum message_type type, const json_t *object, struct arena *arena,
                           struct Lienthong__V1__Body **ret_body,
                           struct body_json_fault *ret_fault);

/* A new object with the fields of the one kind that is set; NULL when memory is short. */
json_t *body_json_write(const struct Lienthong__V1__Body *body);
