/* json_text - JSON from outside, into memory that is bounded before the first allocation.
 *
 * A few bytes of JSON can become many of memory ("[[],[],…]"). So the text is counted first: its
 * depth and its values. What passes is given to jansson; duplicate keys, NUL characters and what
 * is not UTF-8 are refused. Texts come out in Unicode's form NFC, whoever typed them and however.
 */
#pragma once

#include <jansson.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

enum {
    JSON_DEPTH_MAX = 16, /* the deepest request has 5 levels; office systems rarely more than 8 */
    JSON_VALUES_MAX = 8192, /* 64 attachments and 64 components of 8 members, several times over */
};

/* Without the byte order mark that some systems put before UTF-8 (RFC 8259 §8.1 lets readers ignore
 * it). */
struct bytes json_text_skip_mark(struct bytes text);

struct json_fault {
    enum reason reason;
    unsigned line, column; /* from 1, in characters: where the reader stopped */
};

/* A byte order mark is skipped. REASON_NONE: *ret_value (an object or an array) is the caller's,
 * for json_decref. REASON_JSON_MALFORMED, _COMMA, _KEY_REPEATED, _TOO_DEEP, _TOO_MANY,
 * REASON_TEXT_UTF16, _NOT_UTF8, REASON_OUT_OF_MEMORY. */
enum reason json_text_read(struct bytes text, json_t **ret_value);
/* The same with another bound on the values (a catalogue is one large list), and the place of the
 * fault. */
enum reason json_text_read_within(struct bytes text, size_t values_max, json_t **ret_value,
                                  struct json_fault *ret_fault);

/* Sets a member; values that are empty, zero or none are left out. False when memory is short. */
bool json_put_text(json_t *object, const char *name, struct bytes text);
/* value is taken over, also on failure; NULL stands for lack of memory. */
bool json_put(json_t *object, const char *name, json_t *value);

/* A member that is a text; empty when it is not there. False when it is something else. */
bool json_take_text(const json_t *object, const char *name, struct bytes *ret_text);

/* Compact text of a value, in a buffer. False at the buffer's limit. */
bool json_text_write(const json_t *value, struct buffer *into);
