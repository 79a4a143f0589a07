/* cause - why a message stands where it does, since when, and whose turn it is: one sentence, the
 * same in every command that shows it (invariant 15).
 */
#pragma once

#include <jansson.h>

#include "proto/base/language.h"

enum { CAUSE_BYTES = 1024 /* a remark of 500 bytes, and what we say ourselves */ };

/* Of a row of an API's answer: its reason and the words of a person with it, since when, whose turn
 * it is, and the office's own number. "": nothing keeps it, and no office has given it a number. */
const char *cause_label(const json_t *row, enum language language, char scratch[CAUSE_BYTES]);
